//! Many prompts, a bounded number at once: a prompt is made only when a thread is free for it, so
//! memory does not grow with the queue.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError, mpsc};

use super::{Ask, Prompt, Reply, Trouble};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Every prompt was asked.
    Exhausted,
    /// The sink said stop.
    Stopped,
    /// No prompt would get an answer, and why.
    Hopeless(String),
}

/// Asks the prompts on `concurrency` threads; `prompts` and `sink` run on the caller's. After the
/// end no prompt is taken any more, and those under way still reach the sink.
pub fn run<T: Send>(
    ask: &dyn Ask,
    concurrency: usize,
    prompts: impl IntoIterator<Item = (T, Prompt)>,
    mut sink: impl FnMut(T, Result<Reply, Trouble>) -> ControlFlow<()>,
) -> End {
    let concurrency = concurrency.max(1);
    let mut prompts = prompts.into_iter();
    let (give, take) = mpsc::sync_channel::<(T, Prompt)>(concurrency);
    let take = Mutex::new(take);
    let (done, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..concurrency {
            let (done, take) = (done.clone(), &take);
            scope.spawn(move || {
                loop {
                    let next = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((item, prompt)) = next else { return };
                    let asked = std::panic::AssertUnwindSafe(|| ask.ask(&prompt));
                    let broke =
                        |_| Err(Trouble::Failed("asking broke off; this is a fault of bomvet".to_owned()));
                    let result = std::panic::catch_unwind(asked).unwrap_or_else(broke);
                    if done.send((item, result)).is_err() {
                        return;
                    }
                }
            });
        }
        let (mut end, mut under_way) = (None, 0);
        loop {
            while end.is_none() && under_way < concurrency {
                match prompts.next() {
                    Some(next) => match give.send(next) {
                        Ok(()) => under_way += 1,
                        Err(_) => end = Some(End::Exhausted),
                    },
                    None => end = Some(End::Exhausted),
                }
            }
            if under_way == 0 {
                drop(give);
                return end.unwrap_or(End::Exhausted);
            }
            let Ok((item, result)) = results.recv() else { return End::Exhausted };
            under_way -= 1;
            let hopeless = match &result {
                Err(Trouble::Hopeless(why)) => Some(End::Hopeless(why.clone())),
                _ => None,
            };
            let stopped = sink(item, result).is_break().then_some(End::Stopped);
            if let Some(new) = hopeless.or(stopped)
                && end.as_ref().is_none_or(|end| *end == End::Exhausted)
            {
                end = Some(new);
            }
        }
    })
}
