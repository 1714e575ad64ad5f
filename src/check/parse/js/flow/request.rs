//! What requests bring to a server: which parameter of a function is one, and what of it is
//! somebody else's text.

/// Members of a request, lower case, that hold what its sender chose.
const BRINGS: &[&str] = &[
    "headers",
    "rawheaders",
    "header",
    "querystring",
    "querystringparameters",
    "body",
    "rawbody",
    "cookies",
    "signedcookies",
    "params",
    "files",
];

/// Whether a member of a request, its name in lower case, is something that its sender chose.
pub(super) fn brings(key: &str) -> bool {
    BRINGS.contains(&key)
}

/// Whether a method of a request gives something that its sender chose.
pub(super) fn gives(method: &str) -> bool {
    matches!(
        method,
        "get"
            | "header"
            | "param"
            | "json"
            | "text"
            | "formData"
            | "arrayBuffer"
            | "blob"
            | "cookie"
            | "read"
    )
}

/// The name of the parameter that is a request, of a function with parameters of these names: one
/// that answers requests has the answer, or the next function, beside it.
pub(super) fn of_handler<'n>(names: &[&'n str]) -> Option<&'n str> {
    let names = match names {
        ["err" | "error" | "e" | "_err", rest @ ..] if rest.len() == 3 => rest,
        names if (2..=3).contains(&names.len()) => names,
        _ => return None,
    };
    let (first, second) = (names[0], names[1]);
    let answers = match first {
        "req" | "request" | "_req" => matches!(
            second,
            "res"
                | "_res"
                | "resp"
                | "response"
                | "_response"
                | "reply"
                | "_reply"
                | "rep"
                | "h"
                | "next"
                | "_"
        ),
        "ctx" | "context" => matches!(second, "next" | "_next"),
        "event" => matches!(second, "context" | "_context" | "ctx"),
        _ => false,
    };
    answers.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_have_their_answer_beside_the_request() {
        for names in
            [&["req", "res"][..], &["err", "req", "res", "next"], &["request", "reply"], &["ctx", "next"]]
        {
            assert!(of_handler(names).is_some(), "{names:?}");
        }
        for names in [&["req"][..], &["request", "options"], &["ctx", "path"], &["event", "handler"]] {
            assert_eq!(of_handler(names), None, "{names:?}");
        }
    }
}
