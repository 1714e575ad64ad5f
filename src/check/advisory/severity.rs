//! From CVSS vectors to one severity.

use std::str::FromStr as _;

use cvss::Cvss;

use crate::model::Severity;

use super::record::Kind;

/// Base score times ten of a CVSS 3 or 4 vector. `None` for CVSS 2, which has other scales, and for
/// what is not a vector; both are still shown as written.
pub(super) fn score(vector: &str) -> Option<u32> {
    let cvss = Cvss::from_str(vector.trim()).or_else(|error| {
        // CVSS 3 with temporal or environmental metrics: the base metrics give the base score.
        let mut parts = vector.trim().split('/');
        let prefix = parts.next().filter(|prefix| prefix.starts_with("CVSS:3.")).ok_or(error.clone())?;
        let base = parts.filter(|part| {
            let name = part.split(':').next().unwrap_or("");
            ["AV", "AC", "PR", "UI", "S", "C", "I", "A"].contains(&name)
        });
        Cvss::from_str(&std::iter::once(prefix).chain(base).collect::<Vec<_>>().join("/"))
    });
    cvss.ok().map(|cvss| (cvss.score() * 10.0).round() as u32)
}

/// The severity of a problem. Vulnerabilities go by score, then by the database's own word; one
/// that nobody rated may be anything, so it counts as high. What is unsound or unmaintained is no
/// attack by itself.
pub(super) fn severity(kind: Kind, score: Option<u32>, rating: Option<Severity>) -> Severity {
    match kind {
        Kind::Malware => Severity::Critical,
        Kind::Vulnerability => match score {
            Some(90..) => Severity::Critical,
            Some(70..) => Severity::High,
            Some(40..) => Severity::Medium,
            Some(_) => Severity::Low,
            None => rating.unwrap_or(Severity::High),
        },
        Kind::Unsound => Severity::Medium,
        Kind::Unmaintained => Severity::Low,
        Kind::Notice => Severity::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_every_version() {
        // FIRST's own examples: Log4Shell, and the CVSS 4.0 calculator's maximum.
        assert_eq!(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"), Some(100));
        assert_eq!(score("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"), Some(75));
        assert_eq!(score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"), Some(100));
        assert_eq!(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:P/RL:O/RC:C"), Some(75));
        assert_eq!(score("AV:N/AC:L/Au:N/C:P/I:P/A:P"), None);
        assert_eq!(score("7.5"), None);
        assert_eq!(score(""), None);
    }

    #[test]
    fn severities_follow_the_score_then_the_word() {
        let of = |score, rating| severity(Kind::Vulnerability, score, rating);
        let got = [of(Some(90), None), of(Some(89), None), of(Some(69), None), of(Some(39), None)];
        assert_eq!(got, [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]);
        assert_eq!(of(Some(39), Some(Severity::Critical)), Severity::Low);
        assert_eq!(of(None, Some(Severity::Medium)), Severity::Medium);
        assert_eq!(of(None, None), Severity::High);
        assert_eq!(severity(Kind::Malware, Some(10), None), Severity::Critical);
        assert_eq!(severity(Kind::Unmaintained, Some(98), None), Severity::Low);
    }
}
