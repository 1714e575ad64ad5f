//! Merkle trees of RFC 9162 section 2.1 (as RFC 6962): a leaf is SHA-256 over 0x00 and the entry,
//! an inner node SHA-256 over 0x01 and both children. The ledger keeps one; logs of others are
//! checked with the same code.

use sha2::{Digest as _, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash of one entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without entries: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root over all leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

/// A tree that grows: 32 bytes an entry, its root in the logarithm of its size.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    leaves: Vec<Hash>,
    /// Roots of the full trees that the leaves fall into, largest first, with their heights.
    peaks: Vec<(u32, Hash)>,
}

impl Tree {
    /// Adds a leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        self.leaves.push(leaf);
        let (mut height, mut hash) = (0, leaf);
        while let Some((_, left)) = self.peaks.pop_if(|(other, _)| *other == height) {
            hash = node_hash(&left, &hash);
            height += 1;
        }
        self.peaks.push((height, hash));
    }

    /// The leaves.
    pub fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let hashes = self.peaks.iter().rev().map(|(_, hash)| *hash);
        hashes.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

/// PATH(m, D\[n\]): what is needed beside leaf `index` to get the root, lowest first; `None` where
/// there is no such leaf.
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut leaves, mut index, mut path) = (leaves, index, Vec::new());
    while leaves.len() > 1 {
        let at = split(leaves.len());
        let (left, right) = leaves.split_at(at);
        if index < at {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            leaves = right;
            index -= at;
        }
    }
    path.reverse();
    Some(path)
}

/// PROOF(m, D\[n\]): that the tree of the first `old` leaves is a beginning of this one; empty for
/// `old` of 0 or all; `None` where `old` is more than there are.
pub fn consistency(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old > leaves.len() {
        return None;
    }
    if old == 0 || old == leaves.len() {
        return Some(Vec::new());
    }
    let (mut leaves, mut old, mut whole, mut path) = (leaves, old, true, Vec::new());
    while old != leaves.len() {
        let at = split(leaves.len());
        let (left, right) = leaves.split_at(at);
        if old <= at {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            leaves = right;
            old -= at;
            whole = false;
        }
    }
    if !whole {
        path.push(root(leaves));
    }
    path.reverse();
    Some(path)
}

/// RFC 9162 section 2.1.3.2.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// RFC 9162 section 2.1.4.2, and the two cases that it leaves out: nothing is a beginning of
/// every tree, and a tree of itself.
pub fn verify_consistency(old: (u64, &Hash), new: (u64, &Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (size, root)) = (old, new);
    if old_size > size {
        return false;
    }
    if old_size == 0 {
        return path.is_empty() && *old_root == empty_root();
    }
    if old_size == size {
        return path.is_empty() && old_root == root;
    }
    let mut steps = path.iter();
    let (mut at, mut last) = (old_size - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let first = if old_size.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first.filter(|_| !path.is_empty()) else { return false };
    let (mut old_hash, mut hash) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(step, &old_hash);
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && hash == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Inputs and roots of the test vectors that certificate-transparency's reference code publishes.
    #[test]
    fn published_roots() {
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
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
        let mut tree = Tree::default();
        assert_eq!(
            hex::encode(tree.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (input, expected) in inputs.iter().zip(roots) {
            tree.push(leaf_hash(&hex::decode(input).unwrap()));
            assert_eq!(hex::encode(tree.root()), expected);
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count as u64).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn every_proof_of_every_small_tree_verifies() {
        for size in 0..40 {
            let all = leaves(size);
            let mut tree = Tree::default();
            all.iter().for_each(|leaf| tree.push(*leaf));
            let top = root(&all);
            assert_eq!(tree.root(), top);
            for index in 0..size {
                let path = inclusion(&all, index).unwrap();
                assert!(verify_inclusion(&all[index], index as u64, size as u64, &path, &top));
            }
            assert_eq!(inclusion(&all, size), None);
            for old in 0..=size {
                let path = consistency(&all, old).unwrap();
                let before = root(&all[..old]);
                assert!(
                    verify_consistency((old as u64, &before), (size as u64, &top), &path),
                    "{old} {size}"
                );
            }
            assert_eq!(consistency(&all, size + 1), None);
        }
    }

    proptest! {
        #[test]
        fn a_changed_proof_fails(size in 2_usize..200, at in any::<prop::sample::Index>(),
                                 what in 0_u8..5, step in any::<prop::sample::Index>(), bit in 0_usize..256) {
            let all = leaves(size);
            let top = root(&all);
            let flip = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
            let index = at.index(size);
            let mut path = inclusion(&all, index).unwrap();
            let (mut leaf, mut place, mut whole) = (all[index], index as u64, top);
            match what {
                0 => { let step = step.index(path.len()); path[step] = flip(&path[step]); }
                1 => leaf = flip(&leaf),
                2 => whole = flip(&whole),
                3 => place = (place + 1 + step.index(size - 1) as u64) % size as u64,
                _ => path.push(leaf),
            }
            prop_assert!(!verify_inclusion(&leaf, place, size as u64, &path, &whole));

            let old = 1 + at.index(size - 1);
            let (mut before, mut whole) = (root(&all[..old]), top);
            let mut path = consistency(&all, old).unwrap();
            match what {
                0 => { let step = step.index(path.len()); path[step] = flip(&path[step]); }
                1 => before = flip(&before),
                2 => whole = flip(&whole),
                3 => { path.pop(); }
                _ => path.push(whole),
            }
            prop_assert!(!verify_consistency((old as u64, &before), (size as u64, &whole), &path));
        }

        #[test]
        fn no_sizes_panic(index in any::<u64>(), size in any::<u64>(), count in 0_usize..70) {
            let path = leaves(count);
            let root = [0; 32];
            verify_inclusion(&root, index, size, &path, &root);
            verify_consistency((index, &root), (size, &root), &path);
        }
    }
}
