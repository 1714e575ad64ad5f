//! The Merkle tree over a ledger's lines (RFC 6962, section 2.1; RFC 9162 has the same tree).
//!
//! A leaf is SHA-256 of a zero byte and the line, a node SHA-256 of a one byte and both children.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash of one line.
pub fn leaf(line: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(line).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The largest power of two below `n`, for `n` of 2 and more.
fn split(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

/// The tree's root; of no lines, SHA-256 of nothing.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// What shows that the line at `index` is in the tree: the sisters on its way up, lowest first.
/// `None` where there is no such line.
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sister) = match index < left.len() {
        true => (inclusion(left, index)?, root(right)),
        false => (inclusion(right, index - left.len())?, root(left)),
    };
    path.push(sister);
    Some(path)
}

/// Whether `path` leads from a leaf at `index` of `size` lines to `expected`.
pub fn is_included(leaf: Hash, index: u64, size: u64, path: &[Hash], expected: &Hash) -> bool {
    if index >= size {
        return false;
    }
    // RFC 9162, section 2.1.3.2.
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sister in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sister, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sister);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *expected
}

/// What shows that the first `old` lines are those of an earlier tree. `None` where there are fewer.
pub fn consistency(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    Some(subproof(leaves, old, true))
}

fn subproof(leaves: &[Hash], old: usize, whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut path, sister) = match old <= at {
        true => (subproof(left, old, whole), root(right)),
        false => (subproof(right, old - at, false), root(left)),
    };
    path.push(sister);
    path
}

/// Whether a tree of `size` lines with root `new_root` begins with the `old` lines of `old_root`.
pub fn is_consistent(old: u64, old_root: &Hash, size: u64, new_root: &Hash, path: &[Hash]) -> bool {
    if old == 0 || old > size {
        return false;
    }
    if old == size {
        return path.is_empty() && old_root == new_root;
    }
    // RFC 9162, section 2.1.4.2.
    let start;
    let mut rest = path.iter();
    let first = if old.is_power_of_two() {
        old_root
    } else {
        let Some(first) = rest.next() else { return false };
        start = *first;
        &start
    };
    let (mut at, mut last) = (old - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut before, mut after) = (*first, *first);
    for sister in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node(sister, &before);
            after = node(sister, &after);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            after = node(&after, sister);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && after == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(n: usize) -> Vec<Hash> {
        (0..n).map(|at| leaf(format!("line {at}").as_bytes())).collect()
    }

    /// The roots of Certificate Transparency's reference tree of eight entries, as its test data gives
    /// them.
    #[test]
    fn the_roots_are_those_of_the_reference_tree() {
        let entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let leaves: Vec<Hash> = entries.iter().map(|hex| leaf(&hex::decode(hex).unwrap())).collect();
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (at, expected) in roots.iter().enumerate() {
            assert_eq!(hex::encode(root(&leaves[..=at])), *expected);
        }
        assert_eq!(
            hex::encode(root(&[])),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    proptest! {
        #[test]
        fn every_proof_holds_and_no_changed_one_does(size in 1usize..70, pick in 0usize..70, flip in 0usize..64) {
            let leaves = leaves(size);
            let (index, root_hash) = (pick % size, root(&leaves));
            let path = inclusion(&leaves, index).unwrap();
            let holds = |path: &[Hash], at: usize| is_included(leaves[index], at as u64, size as u64, path, &root_hash);
            prop_assert!(holds(&path, index));
            if size > 1 {
                prop_assert!(!holds(&path, (index + 1) % size));
                prop_assert!(!holds(&path[1..], index));
                let mut bad = path.clone();
                let at = flip % bad.len();
                bad[at][flip % 32] ^= 1;
                prop_assert!(!holds(&bad, index));
            }
            let old = 1 + pick % size;
            let old_root = root(&leaves[..old]);
            let path = consistency(&leaves, old).unwrap();
            let holds = |path: &[Hash], old_root: &Hash| is_consistent(old as u64, old_root, size as u64, &root_hash, path);
            prop_assert!(holds(&path, &old_root));
            let mut other = old_root;
            other[flip % 32] ^= 1;
            prop_assert!(!holds(&path, &other));
            if !path.is_empty() {
                let mut bad = path.clone();
                let at = flip % bad.len();
                bad[at][flip % 32] ^= 1;
                prop_assert!(!holds(&bad, &old_root));
            }
        }
    }
}
