//! Progress on a terminal; nothing elsewhere.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::audit::Progress;

/// A bar on standard error, shown once the work is longer than a moment.
#[derive(Debug, Default)]
pub struct Bar {
    bar: OnceLock<ProgressBar>,
}

impl Progress for Bar {
    fn step(&self, stage: &str, done: usize, total: usize) {
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::new(total as u64);
            if let Ok(style) = ProgressStyle::with_template("{msg:>10} {bar:30} {pos}/{len} {eta}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        bar.set_message(stage.to_owned());
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        if done == total {
            bar.finish_and_clear();
        }
    }
}
