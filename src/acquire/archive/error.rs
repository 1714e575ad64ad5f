//! Everything that makes an archive be refused, each with where and what.

use super::names::Problem;

/// Why an archive was refused. Offsets are bytes in the unpacked tar stream, or in the zip file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Not compressed as it should be.
    #[error("not a gzip archive: it starts with `{found}`, not `1f8b`")]
    NotGzip {
        /// The first bytes, hexadecimal.
        found: String,
    },
    /// The compressed stream ends early.
    #[error("the compressed data ends early, after {packed} bytes")]
    TruncatedGzip {
        /// Bytes there are.
        packed: u64,
    },
    /// The compressed stream is damaged.
    #[error("the compressed data is damaged: {message}")]
    Corrupt {
        /// What the decoder said.
        message: String,
    },
    /// A second gzip member: some readers stop after the first, some go on.
    #[error("a second gzip member starts at byte {offset}; readers disagree on whether it counts")]
    SecondMember {
        /// Where, in the packed bytes.
        offset: u64,
    },
    /// Bytes after the end.
    #[error("{size} bytes follow the end of the archive, from byte {offset}")]
    TrailingData {
        /// Where.
        offset: u64,
        /// How many.
        size: u64,
    },
    /// Larger than is allowed.
    #[error("unpacks to more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Unpacks to far more than honest data does.
    #[error("{packed} bytes unpack to more than {limit}, over {ratio} times as much")]
    Bomb {
        /// Packed bytes.
        packed: u64,
        /// Unpacked bytes that were allowed.
        limit: u64,
        /// The ratio that was allowed.
        ratio: u64,
    },
    /// Too many entries.
    #[error("holds more than {limit} entries")]
    TooManyFiles {
        /// The limit.
        limit: usize,
    },
    /// No file in it.
    #[error("holds no file")]
    Empty,
    /// A header's checksum is wrong.
    #[error("the header at byte {offset} has checksum `{found}`, it should be `{expected:06o}`")]
    Checksum {
        /// Where.
        offset: u64,
        /// As computed.
        expected: u64,
        /// As written.
        found: String,
    },
    /// A header's field cannot be read, or contradicts another.
    #[error("the header at byte {offset} is malformed: {message}")]
    BadHeader {
        /// Where.
        offset: u64,
        /// What is wrong.
        message: String,
    },
    /// An entry's size goes beyond the archive.
    #[error("`{path}` at byte {offset} says it has {size} bytes and their padding, {left} are left")]
    SizeBeyondEnd {
        /// The entry.
        path: String,
        /// Where its header is.
        offset: u64,
        /// What it says.
        size: u64,
        /// What there is.
        left: u64,
    },
    /// Two places state the size of an entry differently.
    #[error("`{path}` at byte {offset} has size {header} in one header and {other} in the other")]
    SizeMismatch {
        /// The entry.
        path: String,
        /// Where its header is.
        offset: u64,
        /// The first.
        header: u64,
        /// The second.
        other: u64,
    },
    /// Two places state the name of an entry differently.
    #[error("the entry at byte {offset} is `{header}` in one header and `{other}` in the other")]
    NameMismatch {
        /// Where its header is.
        offset: u64,
        /// The first.
        header: String,
        /// The second.
        other: String,
    },
    /// A name that cannot be written everywhere, or that leaves the folder.
    #[error("`{path}` at byte {offset} {problem}")]
    BadName {
        /// The name, made visible.
        path: String,
        /// Where its header is.
        offset: u64,
        /// What is wrong.
        problem: Problem,
    },
    /// A link whose target is outside of the package.
    #[error("`{path}` at byte {offset} links to `{target}`, outside of the package")]
    LinkLeaves {
        /// The link.
        path: String,
        /// Where its header is.
        offset: u64,
        /// The target, made visible.
        target: String,
    },
    /// A device, FIFO, sparse file or an unknown type.
    #[error("`{path}` at byte {offset} is {what}")]
    SpecialEntry {
        /// The entry.
        path: String,
        /// Where its header is.
        offset: u64,
        /// What it is.
        what: String,
    },
    /// A name twice with different contents.
    #[error("`{path}` at byte {offset} was there before, with other contents")]
    DuplicateName {
        /// The name.
        path: String,
        /// Where the second is.
        offset: u64,
    },
    /// Two names that are one on some file systems.
    #[error(
        "`{path}` at byte {offset} and `{other}` are the same file where case or Unicode form does not count"
    )]
    NameClash {
        /// The second.
        path: String,
        /// The first.
        other: String,
        /// Where the second is.
        offset: u64,
    },
    /// A name that is both a file and a folder.
    #[error("`{path}` is a file and a folder")]
    FileAndFolder {
        /// The name.
        path: String,
    },
    /// An entry that is not in the folder that it should be in.
    #[error("`{path}` at byte {offset} is not in the top folder `{expected}`")]
    WrongTopFolder {
        /// The entry, with its top folder.
        path: String,
        /// Where.
        offset: u64,
        /// The folder.
        expected: String,
    },
    /// Encrypted, or packed in a way that is not read here.
    #[error("`{path}` at byte {offset} cannot be read: {message}")]
    Unsupported {
        /// The entry.
        path: String,
        /// Where.
        offset: u64,
        /// What it is.
        message: String,
    },
}

impl ArchiveError {
    /// The rule id.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NotGzip { .. } | Self::Corrupt { .. } => "archive/corrupt",
            Self::TruncatedGzip { .. } | Self::SizeBeyondEnd { .. } => "archive/truncated",
            Self::SecondMember { .. } | Self::TrailingData { .. } => "archive/trailing-data",
            Self::TooLarge { .. } => "archive/too-large",
            Self::Bomb { .. } => "archive/bomb",
            Self::TooManyFiles { .. } => "archive/too-many-files",
            Self::Empty => "archive/empty",
            Self::Checksum { .. } | Self::BadHeader { .. } => "archive/bad-header",
            Self::SizeMismatch { .. } | Self::NameMismatch { .. } => "archive/ambiguous-header",
            Self::BadName { problem: Problem::Leaves | Problem::Absolute, .. } => "archive/leaves",
            Self::BadName { .. } => "archive/bad-name",
            Self::LinkLeaves { .. } => "archive/link-leaves",
            Self::SpecialEntry { .. } => "archive/special-file",
            Self::DuplicateName { .. } | Self::FileAndFolder { .. } => "archive/duplicate-name",
            Self::NameClash { .. } => "archive/name-clash",
            Self::WrongTopFolder { .. } => "archive/wrong-top-folder",
            Self::Unsupported { .. } => "archive/unsupported",
        }
    }

    /// The entry that it is about.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::SizeBeyondEnd { path, .. }
            | Self::SizeMismatch { path, .. }
            | Self::BadName { path, .. }
            | Self::LinkLeaves { path, .. }
            | Self::SpecialEntry { path, .. }
            | Self::DuplicateName { path, .. }
            | Self::NameClash { path, .. }
            | Self::FileAndFolder { path }
            | Self::WrongTopFolder { path, .. }
            | Self::Unsupported { path, .. } => Some(path),
            Self::NameMismatch { other, .. } => Some(other),
            _ => None,
        }
    }
}

/// Odd, but every reader sees the same files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// A link that stays within the package. npm drops links, so it is no file of the package.
    #[error("`{path}` is a link to `{target}`; it is left out, its target is checked as a file")]
    Link {
        /// The link.
        path: String,
        /// Its target.
        target: String,
    },
    /// The same file twice.
    #[error("`{path}` is in the archive twice, with the same contents")]
    Repeated {
        /// The file.
        path: String,
    },
    /// Bytes in the padding between entries.
    #[error("{size} bytes that are not zero stand in the padding after `{path}`, where no reader looks")]
    HiddenBytes {
        /// The entry before.
        path: String,
        /// How many.
        size: usize,
    },
}

impl Remark {
    /// The rule id.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Link { .. } => "archive/link",
            Self::Repeated { .. } => "archive/repeated-entry",
            Self::HiddenBytes { .. } => "archive/hidden-bytes",
        }
    }

    /// The entry that it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Link { path, .. } | Self::Repeated { path } | Self::HiddenBytes { path, .. } => path,
        }
    }
}
