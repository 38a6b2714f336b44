use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Reader, Scalar, parse};

const FILE: &str = "/etc/mohur/broker.toml";

fn read(text: &str) -> Reader {
    Reader::parse(Path::new(FILE), text).unwrap()
}

fn errors(reader: Reader) -> Vec<String> {
    let errors = reader.finish().unwrap_err();
    errors.as_slice().iter().map(|error| error.to_string().replace(FILE, "F")).collect()
}

#[test]
fn every_kind_of_value_is_read() {
    let mut reader = read(
        "listen = \"127.0.0.1:8443\"\nlog = \"log\"\nroot = \"/srv/root.pem\"\nwait = \"5s\"\nmost = 0x10\nopen = true\nany = \"x\"\nsome = 7\nyes = false\n\
         names = [\"a\", \"b\"]\n[tls]\nkey = \"k.pem\"\n[[leg]]\nid = \"x\"\n[[leg]]\nid = \"y\"\n",
    );
    assert_eq!(reader.required::<SocketAddr>("listen").unwrap().port(), 8443);
    assert_eq!(reader.path("log"), Some(PathBuf::from("/etc/mohur/log")));
    assert_eq!(reader.path("root"), Some(PathBuf::from("/srv/root.pem")));
    assert_eq!(reader.duration("wait"), Some(Duration::from_secs(5)));
    assert_eq!(reader.number("most", 1..=100_u16), Some(16));
    assert_eq!(reader.flag("open"), Some(true));
    assert_eq!(reader.list::<String>("names"), ["a", "b"]);
    let scalars = ["any", "some", "yes"].map(|key| reader.scalar(key).unwrap());
    assert_eq!(scalars, [Scalar::Text("x".to_owned()), Scalar::Number(7), Scalar::Flag(false)]);
    assert_eq!(reader.table("tls").unwrap().path("key"), Some(PathBuf::from("/etc/mohur/k.pem")));
    let legs: Vec<_> = reader.tables("leg").iter_mut().map(|leg| (leg.line(), leg.required::<String>("id"))).collect();
    assert_eq!(legs, [(13, Some("x".to_owned())), (15, Some("y".to_owned()))]);
    assert_eq!(reader.optional::<String>("absent"), None);
    assert!(reader.finish().is_ok());
}

#[test]
fn a_systemd_credential_is_not_looked_for_beside_the_file() {
    let mut reader = read("passphrase = \"$CREDENTIALS_DIRECTORY/passphrase\"\nlog = \"$HOME/log\"\n");
    assert_eq!(reader.path("passphrase"), Some(PathBuf::from("$CREDENTIALS_DIRECTORY/passphrase")));
    assert_eq!(reader.path("log"), Some(PathBuf::from("/etc/mohur/$HOME/log")), "other variables are no variables");
}

#[test]
fn all_errors_come_at_once_with_their_lines() {
    let mut reader =
        read("listen = \"nowhere\"\nmost = 1000\n\nwait = 5\nlsiten = 1\n[tls]\nkye = \"\"\n[[leg]]\nid = 1\n");
    assert_eq!(reader.required::<SocketAddr>("listen"), None);
    assert_eq!(reader.number("most", 1..=10_u8), None);
    assert_eq!(reader.duration("wait"), None);
    assert_eq!(reader.required::<String>("member"), None);
    let mut tls = reader.table("tls").unwrap();
    assert_eq!(tls.path("key"), None);
    drop(tls);
    for mut leg in reader.tables("leg") {
        assert_eq!(leg.required::<String>("id"), None);
    }
    assert_eq!(
        errors(reader),
        [
            "F:1: listen: is not accepted: invalid socket address syntax",
            "F:1: member: is missing (add it)",
            "F:2: most: is out of range (write a whole number from 1 to 10)",
            "F:4: wait: is a whole number (write a whole number with its unit: \"250ms\", \"5s\", \"2m\", \"1h\", \"7d\")",
            "F:5: lsiten: is not a known key (did you mean listen?)",
            "F:6: tls.key: is missing (add it)",
            "F:7: tls.kye: is not a known key (did you mean key?)",
            "F:9: leg[0].id: is a whole number (write a text in quotes)",
        ]
    );
}

#[test]
fn a_wrong_kind_is_named() {
    let mut reader =
        read("table = 1\nlist = \"x\"\nflag = 1.5\npath = \"\"\nnumber = 99999999999999999999\nten = [10]\n");
    assert!(reader.table("table").is_none());
    assert!(reader.tables("list").is_empty());
    assert_eq!(reader.flag("flag"), None);
    assert_eq!(reader.path("path"), None);
    assert_eq!(reader.number("number", 0..=9_u64), None);
    assert!(reader.list::<String>("ten").is_empty());
    let errors = errors(reader);
    assert_eq!(errors.len(), 6, "{errors:?}");
    assert!(errors[2].contains("a number with a fraction"), "{errors:?}");
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    let errors = Reader::parse(Path::new("x.toml"), "a = 1\nb = \nc = 2\na = 2\n").unwrap_err().to_string();
    assert!(errors.contains("x.toml:2: not TOML") && errors.contains("x.toml:4: not TOML"), "{errors}");
}

#[test]
fn a_table_that_is_still_open_is_not_forgotten() {
    let mut reader = read("[tls]\nunknown = 1\n");
    let tls = reader.table("tls");
    assert!(errors(reader)[0].contains("still being read"));
    drop(tls);
}

#[test]
fn a_reader_that_gives_up_without_an_error_is_an_error() {
    assert!(parse(Path::new("x.toml"), "", |_| None::<()>).unwrap_err().to_string().contains("is not complete"));
    assert_eq!(parse(Path::new("x.toml"), "n = 3", |table| table.number("n", 1..=9)), Ok(3));
}

#[test]
fn a_list_of_paths_starts_at_the_files_folder() {
    let text = "pins = [\"a.pem\", \"/b.pem\"]\nwrong = [\"\", 1]\n";
    let errors = crate::parse(Path::new("/etc/mohur/x.toml"), text, |table| {
        assert_eq!(table.paths("pins"), [Path::new("/etc/mohur/a.pem"), Path::new("/b.pem")]);
        assert!(table.paths("wrong").is_empty() && table.paths("missing").is_empty());
        Some(())
    });
    assert_eq!(errors.unwrap_err().as_slice().len(), 2);
}
