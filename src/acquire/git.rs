//! Packages from git commits, read from the repositories that cargo keeps in `$CARGO_HOME/git/db`.
//!
//! The commit's id is the digest: it is a hash over the commit, which holds the hash of its tree,
//! and so down to each file. Every object that is read is hashed again here, so that a damaged or
//! altered repository cannot show other files under the same commit. No git binary runs and the
//! repository's configuration is not obeyed. npm keeps no repositories; its git packages are a gap.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::objs::tree::EntryKind;
use gix::objs::{CommitRefIter, Kind, TreeRefIter};
use gix::{ObjectId, Repository};

use super::refusal::not_fetched;
use super::{Acquired, Acquirer, Refusal, Remarks, archive, limits};
use crate::model::{
    Contents, Digest, Ecosystem, File, Finding, Gap, GapKind, HashAlgorithm, Package, Provenance, Span,
    escape,
};

/// A file of a tree that was not read yet.
#[derive(Debug, Clone)]
struct Blob {
    id: ObjectId,
    kind: EntryKind,
}

/// What is below a commit, by path.
type Listing = BTreeMap<String, Blob>;

impl Acquirer {
    pub(super) fn git(
        &self,
        package: &Package,
        url: &str,
        commit: Option<&str>,
    ) -> Result<Acquired, Box<Refusal>> {
        let refuse = |why: String| {
            let commit = commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
            not_fetched(format!("{} from git ({url}{commit}): {why}", package.label()))
        };
        if package.ecosystem != Ecosystem::Cargo {
            let who = if package.ecosystem == Ecosystem::Npm { "npm" } else { "its package manager" };
            return Err(refuse(format!(
                "{who} keeps no repository that could be read; audit the repository itself"
            )));
        }
        let Some(commit) = commit else {
            return Err(refuse("the lockfile names no commit; run `cargo update` to pin one".to_owned()));
        };
        let (Ok(id), Some(against)) =
            (ObjectId::from_hex(commit.as_bytes()), Digest::from_hex(HashAlgorithm::Sha1, commit))
        else {
            return Err(refuse("the commit is no full SHA-1 id".to_owned()));
        };
        let home =
            self.options.cargo_home.as_deref().ok_or_else(|| refuse("there is no CARGO_HOME".to_owned()))?;
        let mut why = "cargo has not fetched it; run `cargo fetch --locked` first".to_owned();
        for folder in databases(home, url) {
            // Opened without the user's or the system's configuration.
            let Ok(repo) = gix::open_opts(&folder, gix::open::Options::isolated()) else { continue };
            if !repo.has_object(id) {
                continue;
            }
            match read(&repo, id, package) {
                Ok((files, buffer, remarks)) => {
                    let provenance = Provenance::Verified { against, from: "cargo-git" };
                    let contents = Contents::new(provenance, None, files, Arc::new(buffer));
                    return Ok(Acquired::Folder { contents, remarks });
                }
                Err(message) => why = message,
            }
        }
        Err(refuse(why))
    }
}

/// Cargo's repositories of that name, sorted; it appends a hash of the whole URL to the name.
fn databases(home: &Path, url: &str) -> Vec<PathBuf> {
    let name = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or("").trim_end_matches(".git");
    let mut out: Vec<_> = std::fs::read_dir(home.join("git/db"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let folder = entry.file_name();
            folder
                .to_str()
                .and_then(|folder| folder.rsplit_once('-'))
                .is_some_and(|(own, _)| own.eq_ignore_ascii_case(name))
        })
        .map(|entry| entry.path())
        .collect();
    out.sort();
    out
}

/// Reads one object and checks that it has its id.
fn object(repo: &Repository, id: ObjectId, kind: Kind, limit: u64) -> Result<Vec<u8>, String> {
    let header = repo.find_header(id).map_err(|_| {
        format!("object {id} is missing from cargo's repository; run `cargo fetch --locked` again")
    })?;
    if header.size() > limit {
        return Err(format!("object {id} has {} bytes, more than {limit}", header.size()));
    }
    let object = repo.find_object(id).map_err(|error| format!("object {id} cannot be read: {error}"))?;
    let data = object.detach();
    let found = gix::objs::compute_hash(gix::hash::Kind::Sha1, data.kind, &data.data)
        .map_err(|error| format!("object {id}: {error}"))?;
    if found != id || data.kind != kind {
        return Err(format!(
            "object {id} of cargo's repository is damaged, its contents have the id {found}"
        ));
    }
    Ok(data.data)
}

fn list(
    repo: &Repository,
    tree: ObjectId,
    within: &str,
    depth: usize,
    out: &mut Listing,
) -> Result<(), String> {
    if depth > limits::DEPTH {
        return Err(format!("its folders lie more than {} deep", limits::DEPTH));
    }
    let data = object(repo, tree, Kind::Tree, limits::CONFIG_BYTES * 64)?;
    for entry in TreeRefIter::from_bytes(&data, gix::hash::Kind::Sha1) {
        let entry = entry.map_err(|error| format!("tree {tree} is malformed: {error}"))?;
        let mut path = within.as_bytes().to_vec();
        if !within.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(entry.filename);
        let shown = || escape(&String::from_utf8_lossy(&path));
        let clean = archive::clean(&path).map_err(|problem| format!("`{}` {problem}", shown()))?;
        if clean.as_bytes() != path {
            return Err(format!("`{}` is no plain name", shown()));
        }
        match entry.mode.kind() {
            EntryKind::Tree => list(repo, entry.oid.to_owned(), &clean, depth + 1, out)?,
            kind => {
                if out.len() >= limits::FILES {
                    return Err(format!("it holds more than {} files", limits::FILES));
                }
                if out.insert(clean, Blob { id: entry.oid.to_owned(), kind }).is_some() {
                    return Err(format!("`{}` is in its tree twice", shown()));
                }
            }
        }
    }
    Ok(())
}

type Read = (Vec<File>, Vec<u8>, Remarks);

fn read(repo: &Repository, commit: ObjectId, package: &Package) -> Result<Read, String> {
    let data = object(repo, commit, Kind::Commit, limits::CONFIG_BYTES)?;
    let tree = CommitRefIter::from_bytes(&data, gix::hash::Kind::Sha1)
        .tree_id()
        .map_err(|error| format!("the commit is malformed: {error}"))?;
    let mut listing = Listing::new();
    list(repo, tree, "", 0, &mut listing)?;
    let folders = packages(repo, &listing)?;
    let mut own = folders.iter().filter(|(_, name)| **name == package.name);
    let folder = match (own.next(), own.next()) {
        (Some((folder, _)), None) => folder.as_str(),
        (None, _) => return Err(format!("no manifest in it names the package `{}`", package.name)),
        (Some((a, _)), Some((b, _))) => {
            return Err(format!("two of its manifests name the package: in `{a}` and in `{b}`"));
        }
    };
    let others: Vec<_> =
        folders.keys().filter(|other| *other != folder && below(other, folder).is_some()).collect();
    let (mut files, mut buffer, mut remarks) = (Vec::new(), Vec::new(), Remarks::default());
    for (path, blob) in &listing {
        let Some(own) = below(path, folder) else { continue };
        // A package's folder does not hold those of other packages; they are audited by themselves.
        if others.iter().any(|other| below(path, other).is_some()) {
            continue;
        }
        let spans = vec![Span::file(own)];
        match blob.kind {
            EntryKind::Blob | EntryKind::BlobExecutable => {
                let room = limits::UNPACKED_BYTES.saturating_sub(buffer.len() as u64);
                let start = buffer.len();
                buffer.append(&mut object(repo, blob.id, Kind::Blob, room)?);
                let executable = blob.kind == EntryKind::BlobExecutable;
                files.push(File { path: own.into(), range: start..buffer.len(), executable });
            }
            EntryKind::Link => {
                let target = object(repo, blob.id, Kind::Blob, limits::CONFIG_BYTES)?;
                let target = escape(&String::from_utf8_lossy(&target));
                let message = format!("`{own}` is a link to `{target}`; it is left out");
                remarks.findings.push(Finding::new("archive/link", message, spans));
            }
            EntryKind::Commit | EntryKind::Tree => {
                let message = format!("`{own}` is a submodule, which is not read");
                remarks.gaps.push(Gap { kind: GapKind::NotSeen, message, spans });
            }
        }
    }
    Ok((files, buffer, remarks))
}

/// Folder → name of each package in the tree. A manifest that is no TOML names none.
fn packages(repo: &Repository, listing: &Listing) -> Result<BTreeMap<String, String>, String> {
    let mut out = BTreeMap::new();
    for (path, blob) in listing {
        let folder = match path.strip_suffix("Cargo.toml") {
            Some("") => "",
            Some(folder) if folder.ends_with('/') => folder.trim_end_matches('/'),
            _ => continue,
        };
        if !matches!(blob.kind, EntryKind::Blob | EntryKind::BlobExecutable) {
            continue;
        }
        let data = object(repo, blob.id, Kind::Blob, limits::CONFIG_BYTES)?;
        let manifest = std::str::from_utf8(&data).ok().and_then(|text| text.parse::<toml::Table>().ok());
        if let Some(name) = manifest.as_ref().and_then(|m| m.get("package")?.get("name")?.as_str()) {
            out.insert(folder.to_owned(), name.to_owned());
        }
    }
    Ok(out)
}

/// What is left of `path` below `folder`.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() {
        Some(path)
    } else if path == folder {
        Some("")
    } else {
        path.strip_prefix(folder)?.strip_prefix('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acquire::Options;
    use crate::model::{Location, Source};
    use crate::store::Store;
    use gix::objs::tree::Entry;
    use gix::objs::{Commit, Tree, WriteTo};

    const URL: &str = "https://git.invalid/corp/repo.git";

    fn tree(repo: &Repository, entries: &[(&str, EntryKind, ObjectId)]) -> ObjectId {
        let mut entries: Vec<_> = entries
            .iter()
            .map(|(name, kind, oid)| Entry { mode: (*kind).into(), filename: (*name).into(), oid: *oid })
            .collect();
        entries.sort();
        repo.write_object(Tree { entries }).expect("written").detach()
    }

    fn commit(repo: &Repository, tree: ObjectId) -> ObjectId {
        let who =
            gix::actor::Signature { name: "n".into(), email: "e".into(), time: gix::date::Time::new(0, 0) };
        let commit = Commit {
            tree,
            parents: Default::default(),
            author: who.clone(),
            committer: who,
            encoding: None,
            message: "m".into(),
            extra_headers: Vec::new(),
        };
        let _ = commit.size();
        repo.write_object(commit).expect("written").detach()
    }

    fn package(name: &str, commit: &str) -> Package {
        Package {
            purl: format!("pkg:cargo/{name}@1.0.0"),
            source: Source::Git { url: URL.to_owned(), commit: Some(commit.to_owned()) },
            ..Package::registry(
                Ecosystem::Cargo,
                name,
                "1.0.0",
                Location { file: "Cargo.lock".into(), line: 1, column: 1 },
            )
        }
    }

    /// A repository with two packages, one in the other's folder; its commit.
    fn repository(home: &Path) -> (Repository, ObjectId) {
        let folder = home.join("git/db/repo-0123456789abcdef");
        std::fs::create_dir_all(&folder).expect("made");
        let repo = gix::init_bare(&folder).expect("made");
        let blob = |text: &str| repo.write_blob(text).expect("written").detach();
        let source = tree(&repo, &[("lib.rs", EntryKind::Blob, blob("// outer"))]);
        let inner = tree(
            &repo,
            &[
                ("Cargo.toml", EntryKind::Blob, blob("[package]\nname = \"inner\"\nversion = \"1.0.0\"\n")),
                ("run", EntryKind::BlobExecutable, blob("inner")),
            ],
        );
        let root = tree(
            &repo,
            &[
                ("Cargo.toml", EntryKind::Blob, blob("[package]\nname = \"outer\"\nversion = \"1.0.0\"\n")),
                ("src", EntryKind::Tree, source),
                ("inner", EntryKind::Tree, inner),
                ("link", EntryKind::Link, blob("/etc/passwd")),
                ("sub", EntryKind::Commit, ObjectId::null(gix::hash::Kind::Sha1)),
            ],
        );
        let id = commit(&repo, root);
        (repo, id)
    }

    fn acquirer(home: &Path) -> Acquirer {
        let options = Options { cargo_home: Some(home.to_owned()), offline: true, ..Options::default() };
        Acquirer::new(options, Store::none())
    }

    #[test]
    fn each_package_of_a_repository_is_its_folder_without_the_others() {
        let home = tempfile::tempdir().expect("a folder");
        let (_, id) = repository(home.path());
        let id = id.to_string();
        let mut got = Vec::new();
        for name in ["outer", "inner"] {
            let acquired = acquirer(home.path()).acquire(&package(name, &id)).expect("there");
            let Acquired::Folder { contents, remarks } = acquired else { panic!("a folder") };
            let Provenance::Verified { against, from: "cargo-git" } = &contents.provenance else {
                panic!("verified")
            };
            assert_eq!(against.hex(), id);
            let files: Vec<_> =
                contents.files.iter().map(|file| (file.path.to_string(), file.executable)).collect();
            got.push((files, remarks.findings.len(), remarks.gaps.len()));
        }
        let file = |path: &str| (path.to_owned(), false);
        assert_eq!(got[0], (vec![file("Cargo.toml"), file("src/lib.rs")], 1, 1));
        assert_eq!(got[1], (vec![file("Cargo.toml"), ("run".to_owned(), true)], 0, 0));
    }

    #[test]
    fn an_object_with_other_contents_is_noticed() {
        let home = tempfile::tempdir().expect("a folder");
        let (repo, id) = repository(home.path());
        let blob = |text: &str| {
            let id =
                gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, text.as_bytes()).expect("hashed");
            let hex = id.to_string();
            repo.git_dir().join("objects").join(&hex[..2]).join(&hex[2..])
        };
        repo.write_blob("// other").expect("written");
        std::fs::remove_file(blob("// outer")).expect("removed");
        std::fs::copy(blob("// other"), blob("// outer")).expect("replaced");
        let refusal = acquirer(home.path()).acquire(&package("outer", &id.to_string())).expect_err("damaged");
        assert!(refusal.gap.message.contains("is damaged"), "{}", refusal.gap.message);
    }

    #[test]
    fn what_is_not_there_says_what_to_do() {
        let home = tempfile::tempdir().expect("a folder");
        let (_, id) = repository(home.path());
        let ask =
            |package: &Package| acquirer(home.path()).acquire(package).expect_err("not there").gap.message;
        let all = [
            ask(&package("other", &id.to_string())),
            ask(&package("outer", &"0".repeat(40))),
            ask(&package("outer", "abc")),
            ask(&Package {
                source: Source::Git { url: URL.to_owned(), commit: None },
                ..package("outer", "")
            }),
        ];
        insta::assert_snapshot!(all.join("\n").replace(&id.to_string(), "[commit]"), @"
    other@1.0.0 from git (https://git.invalid/corp/repo.git, commit [commit]): no manifest in it names the package `other`
    outer@1.0.0 from git (https://git.invalid/corp/repo.git, commit 0000000000000000000000000000000000000000): cargo has not fetched it; run `cargo fetch --locked` first
    outer@1.0.0 from git (https://git.invalid/corp/repo.git, commit abc): the commit is no full SHA-1 id
    outer@1.0.0 from git (https://git.invalid/corp/repo.git): the lockfile names no commit; run `cargo update` to pin one
    ");
    }
}
