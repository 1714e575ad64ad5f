//! Keys of wallets: the names that they go by, and where they are sent.
//!
//! Code about wallets holds keys all the time and signs with them. What counts is a key that is
//! handed, as it is, to a call that sends it. The names alone say little (`secretKey` is also what
//! payment services call their API key), so that a file has to be about wallets besides.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// Names of keys, lower case, without underscores.
const KEYS: &[&str] = &[
    "privatekey",
    "privkey",
    "secretkey",
    "mnemonic",
    "seedphrase",
    "seedwords",
    "recoveryphrase",
    "secretphrase",
    "walletkey",
];

/// Words that stand in code about wallets.
const WALLETS: &[&str] = &[
    "wallet",
    "mnemonic",
    "keypair",
    "solana",
    "ethereum",
    "ethers",
    "bip39",
    "bip32",
    "bs58",
    "base58",
    "secp256k1",
    "ed25519",
    "bitcoin",
    "keystore",
];

/// Calls that send what they are given as it is, by the start of their names.
const SENDERS: &[&str] = &[
    "global.fetch",
    "global.XMLHttpRequest",
    "global.WebSocket",
    "global.navigator.sendBeacon",
    "node:http.",
    "node:https.",
    "node:http2.",
    "node:net.",
    "node:tls.",
    "node:dgram.",
    "node:dns",
    "axios",
    "got",
    "node-fetch",
    "undici",
    "request",
    "superagent",
    "needle",
    "ws",
    "phin",
    "bent",
    "ky",
    "ofetch",
    "cross-fetch",
    "isomorphic-fetch",
    "unfetch",
    "simple-get",
    "urllib",
    "socket.io-client",
    "nodemailer",
    "node-telegram-bot-api",
    "telegraf",
    "discord.js",
    "discord-webhook-node",
];

/// Whether a name says that it holds a key.
pub fn is_key(name: &str) -> bool {
    if !(4..=60).contains(&name.len()) {
        return false;
    }
    let plain: String = name.chars().filter(|c| *c != '_' && *c != '$').collect();
    let plain = plain.to_ascii_lowercase();
    // A length, a path or a check of a key is no key.
    let about = ["length", "path", "file", "type", "index", "size", "id", "format", "validator", "schema"];
    (plain == "seed" || KEYS.iter().any(|key| plain.contains(key)))
        && !about.iter().any(|end| plain.ends_with(end))
        && !["is", "has", "on", "validate", "generate"].iter().any(|start| {
            plain.starts_with(start) && name.as_bytes().get(start.len()).is_some_and(u8::is_ascii_uppercase)
        })
}

/// Whether a file is about wallets.
pub fn about_wallets(text: &str) -> bool {
    static WORDS: OnceLock<AhoCorasick> = OnceLock::new();
    WORDS
        .get_or_init(|| {
            let words = AhoCorasick::builder().ascii_case_insensitive(true).build(WALLETS);
            words.expect("a few short words build")
        })
        .is_match(text)
}

/// Whether a call sends its arguments as they are.
pub fn sends(name: &str) -> bool {
    SENDERS.iter().any(|sender| {
        name.strip_prefix(sender)
            .is_some_and(|rest| sender.ends_with('.') || rest.is_empty() || rest.starts_with(['.', '(', '/']))
    })
}

/// Options by which a client shows who it is; they are used, not sent.
pub fn identifies(option: &str) -> bool {
    matches!(option, "key" | "cert" | "pfx" | "ca" | "passphrase" | "agent" | "httpsAgent" | "dispatcher")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_keys_and_what_only_speaks_of_them() {
        for name in ["privateKey", "PRIVATE_KEY", "secretKey", "mnemonic", "seed", "userMnemonicPhrase"] {
            assert!(is_key(name), "{name}");
        }
        for name in
            ["publicKey", "key", "seedling", "privateKeyPath", "isPrivateKey", "mnemonicLength", "seeds"]
        {
            assert!(!is_key(name), "{name}");
        }
    }

    #[test]
    fn signing_is_not_sending() {
        for name in ["global.fetch", "axios.post", "node:https.request().write", "axios", "got.post"] {
            assert!(sends(name), "{name}");
        }
        for name in ["ethers.Wallet", "@solana/web3.js.Keypair", "gotenberg.x", "ssh2.Client().connect"] {
            assert!(!sends(name), "{name}");
        }
    }
}
