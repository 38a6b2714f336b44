//! The settings of the domains beside our own, the same in every configuration: a table `[foreign.<instance>]` each.

use mohur_chain::TrustFiles;
use mohur_config::Table;
use mohur_directory::ForeignFiles;

/// Reads `[foreign.<instance>]`: `trust`, a folder, `directory` and `state`, files. `None` if one of them is not complete.
pub fn foreign_files(top: &mut Table) -> Option<Vec<ForeignFiles>> {
    let Some(mut all) = top.optional_table("foreign") else { return Some(Vec::new()) };
    let read: Vec<_> = all
        .names()
        .into_iter()
        .map(|domain| {
            let mut table = all.optional_table(&domain)?;
            let (trust, directory, state) = (table.path("trust"), table.path("directory"), table.path("state"));
            let trust = TrustFiles::in_folder(&trust?);
            Some(ForeignFiles { domain, trust, directory: directory?, state: state? })
        })
        .collect();
    read.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> Result<Vec<ForeignFiles>, String> {
        mohur_config::parse(Path::new("/etc/x.toml"), text, foreign_files).map_err(|errors| errors.to_string())
    }

    #[test]
    fn each_domain_has_a_table_of_its_own() {
        assert_eq!(read("").unwrap(), Vec::new());
        let one = |name: &str| {
            format!("[foreign.{name}]\ntrust = \"{name}/trust\"\ndirectory = \"{name}/d\"\nstate = \"{name}/s\"\n")
        };
        let domains = read(&format!("{}{}", one("GE"), one("TR"))).unwrap();
        assert_eq!(domains.iter().map(|files| files.domain.as_str()).collect::<Vec<_>>(), ["GE", "TR"]);
        let [ge, _] = &domains[..] else { panic!("two") };
        assert_eq!((ge.directory.as_path(), ge.state.as_path()), (Path::new("/etc/GE/d"), Path::new("/etc/GE/s")));
        assert_eq!(ge.trust, TrustFiles::in_folder(Path::new("/etc/GE/trust")));
        let error = read(&format!("{}[foreign.TR]\ntrust = \"t\"\ndir = \"d\"\n", one("GE"))).unwrap_err();
        for expected in ["x.toml:7: foreign.TR.dir:", "x.toml:5: foreign.TR.directory", "x.toml:5: foreign.TR.state"] {
            assert!(error.contains(expected), "{expected} in {error}");
        }
    }
}
