//! Every sample of `docs/samples` is read by the code that reads the real file, shows the defaults, and is explained in
//! `docs/configuration.md`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::path::{Path, PathBuf};

use mohur_authority::serve::ServeConfig;
use mohur_client::Config as ClientConfig;
use mohur_host::HostConfig;
use mohur_http::{ClientLimits, Limits};
use mohur_server::Config as BrokerConfig;
use mohur_xroad::Config as XRoadConfig;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn samples() -> Vec<(String, String)> {
    let folder = docs().join("samples");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    samples.sort();
    samples
}

/// `table.key` and value of every line that sets something, also of those that are commented out.
fn settings(text: &str) -> Vec<(String, String)> {
    let (mut table, mut settings) = (String::new(), Vec::new());
    for line in text.lines() {
        if line.starts_with('[') && line.ends_with(']') {
            table = format!("{}.", line.trim_matches(['[', ']']));
        } else if let Some((key, value)) = line.trim_start_matches("# ").split_once(" = ")
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        {
            settings.push((format!("{table}{key}"), value.to_owned()));
        }
    }
    settings
}

/// Reads a sample, by its name.
fn read(name: &str, text: &str) -> Result<(), String> {
    let path = Path::new("/etc/mohur").join(name);
    match name {
        "broker.toml" => BrokerConfig::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "ceremony.toml" => mohur_ceremony::Plan::parse(&path, text).map(drop).map_err(|error| error.to_string()),
        "client.toml" => ClientConfig::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "host.toml" => HostConfig::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "pki.toml" => ServeConfig::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "rest.toml" => mohur_mapped_rest::Mapping::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "soap.toml" => mohur_mapped_soap::Mapping::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "sql.toml" => mohur_sql::Mapping::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "tsa.toml" => mohur::TsaConfig::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "xroad.toml" => XRoadConfig::parse(&path, text).map(drop).map_err(|errors| errors.to_string()),
        "xroad-provider.toml" => {
            mohur_xroad::ProviderFile::parse(&path, text).map(drop).map_err(|errors| errors.to_string())
        }
        other => Err(format!("{other}: nobody reads this sample")),
    }
}

#[test]
fn every_sample_is_read_also_with_the_settings_that_are_commented_out() {
    let samples = samples();
    assert_eq!(
        samples.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        [
            "broker.toml",
            "ceremony.toml",
            "client.toml",
            "host.toml",
            "pki.toml",
            "rest.toml",
            "soap.toml",
            "sql.toml",
            "tsa.toml",
            "xroad-provider.toml",
            "xroad.toml"
        ]
    );
    for (name, text) in samples {
        read(&name, &text).unwrap();
        let all: Vec<_> = text.lines().map(|line| uncommented(line).unwrap_or(line)).collect();
        read(&name, &all.join("\n")).unwrap();
        let unknown = format!("{text}\nmistyped = 1\n");
        assert!(read(&name, &unknown).unwrap_err().contains("mistyped"), "{name} accepts an unknown key");
    }
}

/// A sample as it is with its seal in a token.
fn with_token(text: &str) -> String {
    text.lines()
        .filter(|line| !["key = \"seal.key\"", "key = \"tsa.key\""].contains(line))
        .map(|line| line.strip_prefix("#   ").unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_sample_with_a_seal_shows_one_in_a_token() {
    let guide = std::fs::read_to_string(docs().join("configuration.md")).unwrap();
    for name in ["broker.toml", "client.toml", "host.toml", "tsa.toml", "xroad.toml"] {
        let text = std::fs::read_to_string(docs().join("samples").join(name)).unwrap();
        assert!(text.contains("#   [seal.pkcs11]"), "{name}");
        read(name, &with_token(&text)).unwrap();
        let both = with_token(&text).replace("[seal]\n", "[seal]\nkey = \"seal.key\"\n");
        let error = read(name, &both).unwrap_err();
        let line = 1 + both.lines().position(|line| line == "[seal.pkcs11]").unwrap();
        assert!(error.contains(&format!("{name}:{line}: seal.pkcs11: stands beside key")), "{error}");
        let shown = ["seal.pkcs11.", "log.time-stamp.", "revocation.ocsp."];
        let is_shown = |key: &str| shown.iter().any(|table| key.starts_with(table));
        for (key, _) in settings(&with_token(&text)).iter().filter(|(key, _)| is_shown(key)) {
            assert!(guide.contains(&format!("`{key}`")), "docs/configuration.md lacks {key}");
        }
    }
}

/// The setting of a line that is commented out.
fn uncommented(line: &str) -> Option<&str> {
    let setting = line.strip_prefix("# ")?;
    let (key, _) = setting.split_once(" = ")?;
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-').then_some(setting)
}

#[test]
fn the_samples_show_the_defaults() {
    let text = |name: &str| std::fs::read_to_string(docs().join("samples").join(name)).unwrap();
    let broker = BrokerConfig::parse(Path::new("broker.toml"), &text("broker.toml")).unwrap();
    assert_eq!((broker.limits, broker.hosts), (Limits::default(), ClientLimits::default()));
    let sample = text("broker.toml");
    let (bare, _) = sample.split_once("\n[limits]").unwrap();
    let defaults = ["claims = ", "poll = ", "publish-every = ", "segment-bytes = "];
    let bare = defaults.iter().fold(bare.to_owned(), |bare, key| bare.replace(key, "# "));
    let bare = BrokerConfig::parse(Path::new("broker.toml"), &bare).unwrap();
    assert_eq!(format!("{broker:?}"), format!("{bare:?}"), "what the sample sets is what holds without it");
    let client = text("client.toml");
    let (client, without) = (
        ClientConfig::parse(Path::new("client.toml"), &client).unwrap(),
        ClientConfig::parse(Path::new("client.toml"), &client.replace("patience = ", "# ")).unwrap(),
    );
    assert_eq!((client.limits, client.patience), (ClientLimits::default(), without.patience));
    let sample = text("xroad.toml");
    let defaults = ["unmapped = ", "metadata-purpose = ", "metadata-official = ", "version = ", "patience = "];
    let bare = defaults.iter().fold(sample.clone(), |bare, key| bare.replace(key, "# "));
    let xroad = |text: &str| XRoadConfig::parse(Path::new("xroad.toml"), text).unwrap();
    assert_eq!(format!("{:?}", xroad(&sample)), format!("{:?}", xroad(&bare)), "what the sample sets holds without it");
    let limits = xroad(&sample).client.unwrap().limits;
    assert_eq!(limits, mohur_xroad::config::ClientSettings::default_limits());
}

#[test]
fn the_sample_of_the_authority_shows_the_defaults() {
    let sample = std::fs::read_to_string(docs().join("samples/pki.toml")).unwrap();
    let config = |text: &str| ServeConfig::parse(Path::new("pki.toml"), text).unwrap();
    let (bare, _) = sample.split_once("\n[tls]").unwrap();
    assert_eq!(format!("{:?}", config(&sample)), format!("{:?}", config(bare)));
}

#[test]
fn the_guide_explains_every_setting_of_every_sample() {
    let guide = std::fs::read_to_string(docs().join("configuration.md")).unwrap();
    // Mapping files are explained where the adapters are.
    let settings_files = ["broker.toml", "client.toml", "host.toml", "pki.toml", "tsa.toml", "xroad.toml"];
    for (name, text) in samples().into_iter().filter(|(name, _)| settings_files.contains(&name.as_str())) {
        let settings = settings(&text);
        assert!(settings.len() > 10, "{name}: too few settings were found");
        for (key, _) in settings {
            assert!(guide.contains(&format!("`{key}`")), "docs/configuration.md lacks {key} of {name}");
        }
    }
}

/// The blocks of the guide in one language.
fn blocks(guide: &str, language: &str) -> Vec<String> {
    let fenced = guide.split("```").skip(1).step_by(2);
    fenced
        .filter(|block| block.lines().next() == Some(language))
        .map(|block| block.lines().skip(1).map(str::trim).collect::<Vec<_>>().join("\n"))
        .collect()
}

#[test]
fn what_the_guide_to_federation_shows_is_read_by_the_code_that_reads_it() {
    let guide = std::fs::read_to_string(docs().join("federation.md")).unwrap();
    let domains = blocks(&guide, "json");
    assert_eq!(domains.len(), 2);
    for (text, name, other) in [(&domains[0], "GE", "AZ"), (&domains[1], "AZ", "GE")] {
        let digest = mohur_crypto::sha256(b"a root").to_string();
        let text = text.replace(&format!("<SHA-256 of the root of {name}>"), &digest);
        let file: mohur_directory::content::DomainsFile = serde_json::from_str(&text).unwrap();
        let [domain] = &file.domains[..] else { panic!("one domain") };
        assert_eq!(domain.domain, name);
        // Who answers names the other's services, and who is asked its own: the same one.
        let named: Vec<_> = domain.may_answer.iter().chain(&domain.may_ask).map(ToString::to_string).collect();
        assert_eq!(named, ["GE/GOV/MOJ/civil-registry/birth/v1"], "{other}");
    }
    let foreign = blocks(&guide, "toml");
    for name in ["broker.toml", "client.toml", "host.toml"] {
        let sample = std::fs::read_to_string(docs().join("samples").join(name)).unwrap();
        read(name, &format!("{sample}\n{}", foreign[0])).unwrap();
    }
}
