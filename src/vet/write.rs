//! Writes cargo-vet's files as `cargo vet fmt` does: entries sorted, keys in a fixed order, what is
//! the default left out.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml_writer::{TomlKeyBuilder, TomlStringBuilder, WriteTomlKey as _, WriteTomlValue as _};

use super::entry::{Account, Audit, Audits, Kind, Lock, Publisher, Vouch};
use super::read::DAY;

/// Columns of the longest list that stays on one line, its key included.
const WIDTH: usize = 80;

/// `audits.toml`. Who an account is stands as a comment where `publishers` say so.
pub fn audits(audits: &Audits, publishers: &BTreeMap<String, Vec<Publisher>>) -> String {
    let mut out = String::from("\n# cargo-vet audits file\n");
    tables(&mut out, "", audits, &names(publishers));
    out
}

/// `imports.lock`.
pub fn lock(lock: &Lock) -> String {
    let mut out = String::from("\n# cargo-vet imports lock\n");
    let names = names(&lock.publishers);
    for (name, entries) in &lock.unpublished {
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by(|a, b| (&a.version, &a.audited_as).cmp(&(&b.version, &b.audited_as)));
        for entry in entries {
            header(&mut out, &["unpublished", name], true);
            text(&mut out, "version", &entry.version.to_string());
            text(&mut out, "audited_as", &entry.audited_as.to_string());
        }
    }
    for (name, entries) in &lock.publishers {
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by(|a, b| {
            (&a.version, a.when, &a.account, &a.login, &a.name)
                .cmp(&(&b.version, b.when, &b.account, &b.login, &b.name))
        });
        for entry in entries {
            header(&mut out, &["publisher", name], true);
            text(&mut out, "version", &entry.version.to_string());
            text(&mut out, "when", &day(entry.when));
            account(&mut out, &entry.account, &BTreeMap::new());
            maybe(&mut out, "user-login", entry.login.as_deref());
            maybe(&mut out, "user-name", entry.name.as_deref());
        }
    }
    for (name, audits) in &lock.audits {
        let prefix = format!("audits.{}.", key(name));
        tables(&mut out, &prefix, audits, &names);
    }
    out
}

/// What is known of each account: its name and login.
type Names<'a> = BTreeMap<&'a Account, String>;

fn names(publishers: &BTreeMap<String, Vec<Publisher>>) -> Names<'_> {
    let known = publishers.values().flatten().filter_map(|publisher| {
        let login = publisher.login.as_deref()?;
        let shown = match &publisher.name {
            Some(name) => format!("{name} ({login})"),
            None => login.to_owned(),
        };
        // A comment ends with its line.
        Some((&publisher.account, shown.replace(char::is_control, " ")))
    });
    known.collect()
}

fn tables(out: &mut String, prefix: &str, audits: &Audits, names: &Names<'_>) {
    for (name, criterion) in &audits.criteria {
        header_in(out, prefix, &["criteria", name], false);
        maybe(out, "description", criterion.description.as_deref());
        maybe(out, "description-url", criterion.description_url.as_deref());
        list(out, "implies", &criterion.implies);
        list(out, "aggregated-from", &criterion.aggregated_from);
    }
    vouches(out, (prefix, "wildcard-audits"), &audits.wildcards, names);
    if audits.audits.values().all(Vec::is_empty) {
        let _ = writeln!(out, "\n[{prefix}audits]");
    }
    for (name, entries) in &audits.audits {
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by(|a, b| order(a, b));
        for entry in entries {
            header_in(out, prefix, &["audits", name], true);
            audit(out, entry);
        }
    }
    vouches(out, (prefix, "trusted"), &audits.trusted, names);
}

fn audit(out: &mut String, entry: &Audit) {
    list(out, "who", &entry.who);
    criteria(out, &entry.criteria);
    match &entry.kind {
        Kind::Full(version) => text(out, "version", &version.to_string()),
        Kind::Delta(from, to) => text(out, "delta", &format!("{from} -> {to}")),
        Kind::Violation(range) => text(out, "violation", &range.to_string()),
    }
    if !entry.importable {
        out.push_str("importable = false\n");
    }
    maybe(out, "notes", entry.notes.as_deref());
    list(out, "aggregated-from", &entry.aggregated_from);
}

/// Whole versions, then what changed, then violations.
fn order(a: &Audit, b: &Audit) -> Ordering {
    let kind = match (&a.kind, &b.kind) {
        (Kind::Full(a), Kind::Full(b)) => a.cmp(b),
        (Kind::Delta(from, to), Kind::Delta(other, end)) => (from, to).cmp(&(other, end)),
        (Kind::Violation(a), Kind::Violation(b)) => a.to_string().cmp(&b.to_string()),
        (a, b) => rank(a).cmp(&rank(b)),
    };
    let rest = |entry: &Audit| {
        (
            entry.criteria.clone(),
            entry.who.clone(),
            entry.importable,
            entry.notes.clone(),
            entry.aggregated_from.clone(),
        )
    };
    kind.then_with(|| rest(a).cmp(&rest(b)))
}

fn rank(kind: &Kind) -> u8 {
    match kind {
        Kind::Full(_) => 0,
        Kind::Delta(..) => 1,
        Kind::Violation(_) => 2,
    }
}

fn vouches(
    out: &mut String,
    (prefix, table): (&str, &str),
    lists: &BTreeMap<String, Vec<Vouch>>,
    names: &Names<'_>,
) {
    for (name, entries) in lists {
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|entry| {
            let said = (entry.renew, entry.notes.clone(), entry.aggregated_from.clone());
            let to_whom = (entry.account.clone(), entry.start, entry.end);
            (entry.who.clone(), entry.criteria.clone(), to_whom, said)
        });
        for entry in entries {
            header_in(out, prefix, &[table, name], true);
            list(out, "who", &entry.who);
            criteria(out, &entry.criteria);
            account(out, &entry.account, names);
            text(out, "start", &day(entry.start));
            text(out, "end", &day(entry.end));
            if let Some(renew) = entry.renew {
                let _ = writeln!(out, "renew = {renew}");
            }
            maybe(out, "notes", entry.notes.as_deref());
            list(out, "aggregated-from", &entry.aggregated_from);
        }
    }
}

fn account(out: &mut String, account: &Account, names: &Names<'_>) {
    match (account, names.get(account)) {
        (Account::User(number), Some(name)) => {
            let _ = writeln!(out, "user-id = {number} # {name}");
        }
        (Account::User(number), None) => {
            let _ = writeln!(out, "user-id = {number}");
        }
        (Account::Trusted(name), _) => text(out, "trusted-publisher", name),
    }
}

fn day(day: time::Date) -> String {
    // A day of four-digit years: the reader takes no other.
    day.format(DAY).unwrap_or_default()
}

fn header(out: &mut String, path: &[&str], listed: bool) {
    header_in(out, "", path, listed);
}

fn header_in(out: &mut String, prefix: &str, path: &[&str], listed: bool) {
    let path: Vec<_> = path.iter().map(|part| key(part)).collect();
    let (open, close) = if listed { ("[[", "]]") } else { ("[", "]") };
    let _ = writeln!(out, "\n{open}{prefix}{}{close}", path.join("."));
}

fn key(name: &str) -> String {
    let mut out = String::new();
    // A string takes all that is written.
    let _ = TomlKeyBuilder::new(name).as_default().write_toml_key(&mut out);
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    let _ = TomlStringBuilder::new(text).as_default().write_toml_value(&mut out);
    out
}

fn text(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name} = {}", quoted(value));
}

fn maybe(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(out, name, value);
    }
}

/// Always there, unlike other lists.
fn criteria(out: &mut String, names: &[String]) {
    if names.is_empty() {
        out.push_str("criteria = []\n");
    }
    list(out, "criteria", names);
}

fn list(out: &mut String, name: &str, values: &[String]) {
    match values {
        [] => {}
        [one] => text(out, name, one),
        many => {
            let items: Vec<_> = many.iter().map(|value| quoted(value)).collect();
            let line = format!("{name} = [{}]", items.join(", "));
            if line.chars().count() <= WIDTH {
                out.push_str(&line);
            } else {
                let _ = write!(out, "{name} = [\n    {},\n]", items.join(",\n    "));
            }
            out.push('\n');
        }
    }
}
