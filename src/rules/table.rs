//! The files of `rules/`, built into the program. A test compares this list with the folder and
//! rewrites it with `BOMVET_UPDATE=1 cargo test --lib rules::`.

macro_rules! table {
    ($($id:literal,)*) => {
        /// Id and text of every rule file, sorted by id.
        pub const TABLE: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../rules/", $id, ".toml"))),)*];
    };
}

table! {}
