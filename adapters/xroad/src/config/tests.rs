use super::*;

const SAMPLE: &str = include_str!("../../../../docs/samples/xroad.toml");

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/mohur/xroad.toml"), text).map_err(|errors| errors.to_string())
}

#[test]
fn the_sample_is_read() {
    let config = parse(SAMPLE).unwrap();
    assert_eq!(config.caller.member.as_str(), "AZ/GOV/MIA/id-cards");
    assert_eq!(config.provider.as_deref(), Some(Path::new("/etc/mohur/host.toml")));
    let client = config.client.unwrap();
    assert_eq!((client.codes, client.unmapped.is_none()), (Vocabulary::CamelCase, true));
    assert_eq!(client.limits, ClientSettings::default_limits());
    let pinned = client.tls.unwrap().clients.unwrap();
    let paths = ["clients/id-cards.pem", "clients/passports.pem"].map(|file| Path::new("/etc/mohur").join(file));
    assert_eq!(pinned, paths, "the accepted clients' certificates are those that TLS lets in");
    assert_eq!(
        client.owners["AZ-TEST/GOV/0017/civil-registry".parse::<ClientId>().as_ref().unwrap()].as_str(),
        "AZ/GOV/MOJ/civil-registry"
    );
    assert_eq!(client.represents["GOV/0099"].as_str(), "AZ/GOV/SBS/border");
}

#[test]
fn one_side_is_enough_and_none_is_an_error() {
    let (before, client) = SAMPLE.split_once("\n[client]").unwrap();
    let (client, provider) = client.split_once("\n[provider]").unwrap();
    assert!(parse(&format!("{before}\n[client]{client}")).unwrap().provider.is_none());
    assert!(parse(&format!("{before}\n[provider]{provider}")).unwrap().client.is_none());
    assert!(parse(before).unwrap_err().contains("say which side the door serves"));
}

#[test]
fn what_would_let_strangers_in_is_refused() {
    for (from, to, said) in [
        ("mode = \"mutual\"", "mode = \"none\"", "client.accepts[0].certificates: has no effect"),
        ("certificates = [\"clients/id-cards.pem\"]", "", "client.accepts[0].certificates: is missing"),
        ("unmapped = \"refuse\"", "unmapped = \"message\"", "client.unmapped-purpose: is missing"),
        ("unmapped = \"refuse\"", "unmapped = \"messages\"", "write \"refuse\" or \"message\""),
        ("codes = \"7.7\"", "codes = \"7\"", "client.codes"),
        ("party = \"GOV/0099\"", "party = \"A/B/C\"", "client.represents[0].party"),
        ("handler-timeout = \"60s\"", "handler-timeout = \"30s\"", "patience: is not shorter"),
    ] {
        let error = parse(&SAMPLE.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
    }
    let plain = SAMPLE
        .replace("mode = \"mutual\"\ncertificate = \"inside.pem\"\nkey = \"inside.key\"", "mode = \"none\"")
        .replace("certificates = [\"clients/id-cards.pem\"]", "")
        .replace("certificates = [\"clients/passports.pem\"]", "");
    assert!(parse(&plain).is_ok());
    let open = plain.replace("listen = \"127.0.0.1:8080\"", "listen = \"0.0.0.0:8080\"");
    assert!(parse(&open).unwrap_err().contains("client.listen: is not on this machine"), "plain HTTP stays here");
}

#[test]
fn every_error_is_found_at_once_with_its_line() {
    let text = SAMPLE
        .replace("member = \"AZ/GOV/MIA/id-cards\"\npassphrase", "member = \"MIA\"\npassphrase")
        .replace("metadata-purpose = ", "metadata-purpos = ")
        .replace("max-in-flight = 256", "max-in-flight = 0");
    let errors = parse(&text).unwrap_err();
    let line = |start: &str| text.lines().position(|line| line.starts_with(start)).unwrap() + 1;
    for (start, key) in [
        ("member", "member"),
        ("metadata-purpos ", "client.metadata-purpos"),
        ("max-in-flight", "client.limits.max-in-flight"),
    ] {
        assert!(errors.contains(&format!("xroad.toml:{}: {key}", line(start))), "{key}: {errors}");
    }
}
