//! Names of roles and paths of files, and how they become file names.

/// How a role's name stands in a file name: everything but letters, digits and `_.-~` percent-encoded, as `urllib.parse.quote`
/// with nothing safe.
pub fn encode_role(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Whether a path stays in its folder whatever it is joined to: names of letters, digits and `_.-+@~`, with single slashes
/// between them, none beginning with a dot.
pub fn is_plain_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+' | b'@' | b'~');
    path.len() <= 512
        && path.split('/').all(|name| !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain))
}

/// The name of a target file in a repository with consistent snapshots: its digest stands before the last name.
pub fn target_file(path: &str, digest: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("targets/{folder}/{digest}.{name}"),
        None => format!("targets/{digest}.{path}"),
    }
}

/// Whether a path matches a pattern: `*` and `?` stand for anything but a slash (specification, §4.5).
pub fn matches(pattern: &str, path: &str) -> bool {
    let (patterns, names): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    patterns.len() == names.len()
        && patterns.iter().zip(names).all(|(pattern, name)| matches_name(pattern.as_bytes(), name.as_bytes()))
}

/// Goes back to the last `*` when the rest does not fit: linear in the product of both lengths.
fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut next, mut star) = (0, 0, None);
    while let Some(byte) = name.get(next) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, next));
                at += 1;
            }
            Some(expected) if expected == byte || *expected == b'?' => {
                at += 1;
                next += 1;
            }
            Some(_) | None => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    (at, next) = (star_at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_names_are_encoded_as_python_tuf_does() {
        assert_eq!(encode_role("policy/MOJ"), "policy%2FMOJ");
        assert_eq!(encode_role("../x y~é"), "..%2Fx%20y~%C3%A9");
    }

    #[test]
    fn patterns_do_not_cross_a_slash() {
        for (pattern, path) in
            [("members/*", "members/members.json"), ("*/x?", "a/xy"), ("a*b*c", "a1b2bc"), ("*", "x"), ("a", "a")]
        {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("members/*", "members/a/b"),
            ("members/*", "policy/members.json"),
            ("*", "a/b"),
            ("a?", "a"),
            ("a*b", "abc"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn paths_stay_where_they_are_put() {
        assert!(is_plain_path("policy/MOJ/policy.json"));
        for path in ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a\\b", "a%2fb", "a b", "a\0"] {
            assert!(!is_plain_path(path), "{path}");
        }
        assert_eq!(target_file("a/b/c.json", "00"), "targets/a/b/00.c.json");
        assert_eq!(target_file("c.json", "00"), "targets/00.c.json");
    }
}
