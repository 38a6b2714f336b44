//! The files of the agency and of the door.

use std::fs;
use std::path::Path;
use std::process::Command;

use mohur_federation::Federation;

use super::{CLIENT, Mode, OWNER};

/// A self-signed certificate for this machine, as an administrator makes one.
pub(super) fn certificate(folder: &Path, name: &str) {
    fs::create_dir_all(folder).unwrap();
    let at = |kind: &str| folder.join(format!("{name}.{kind}"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(at("key"))
        .arg("-out")
        .arg(at("pem"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// The agency lets the office read a person by a mapping, exchange whole messages with its older systems, and fetch
/// descriptions.
pub(super) fn write_policy(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("manifest.toml", "agency = \"AZ/GOV/PPL\"\nversion = 1\n");
    let purpose = |name: &str| {
        format!(
            "[{name}]\nuri = \"https://purposes.example/{name}\"\nlaw = \"Law on People, Art. 1\"\n\
             dpv = \"dpv:IdentityVerification\"\nclaimants = [\"{CLIENT}\"]\nretention-days = 30\ncase-required = false\n\n"
        )
    };
    write("purposes.toml", &["issue-id-document", "legacy-exchange", "service-metadata"].map(purpose).concat());
    let service = |(code, fields): (&str, &str)| {
        format!(
            "[[service]]\nid = \"{OWNER}/{code}/v1\"\n\n[[service.group]]\nname = \"all\"\nverbs = [\"read\"]\n\
             fields = [{fields}]\n\n"
        )
    };
    let whole = "\"message\", \"messageType\"";
    let services = [
        ("getPerson", "\"surname\", \"height\""),
        ("person", "\"surname\", \"height\""),
        ("findPerson", whole),
        ("getPersonWhole", whole),
        ("keepDocument", whole),
        ("search", whole),
        ("getWsdl", whole),
        ("getOpenAPI", whole),
    ];
    write("release.toml", &services.map(service).concat());
    let rule = |(code, _): (&str, &str)| {
        let purpose = match code {
            "getPerson" | "person" => "issue-id-document",
            "getWsdl" | "getOpenAPI" => "service-metadata",
            _ => "legacy-exchange",
        };
        format!(
            "@id(\"ppl-{code}\")\n@law(\"Law on People, Art. 1\")\n@note(\"For a test.\")\npermit (\n  \
             principal == Member::\"{CLIENT}\",\n  action == Action::\"read:all\",\n  \
             resource == Service::\"{OWNER}/{code}/v1\"\n) when {{\n  context.purpose == Purpose::\"{purpose}\"\n}};\n\n"
        )
    };
    write("people.cedar", &services.map(rule).concat());
    mohur_policy_bundle::seal(folder, Some(1)).unwrap();
}

/// `host.toml`, and what it names as mapping.
pub(super) fn write_host(federation: &Federation, listen: &str, port: u16, mode: Mode) {
    let nation = &federation.nation;
    let folder = nation.path("hosts/people");
    let pattern = fs::read_to_string(nation.path("hosts/civil-registry/host.toml")).unwrap();
    let (scheme, tls) = match mode {
        Mode::None => ("http", "mode = \"none\"".to_owned()),
        Mode::Server => ("https", format!("mode = \"server\"\nservers = [\"{}\"]", inside(federation, "provider.pem"))),
        Mode::Mutual => (
            "https",
            format!(
                "mode = \"mutual\"\nservers = [\"{}\"]\ncertificate = \"{}\"\nkey = \"{}\"",
                inside(federation, "provider.pem"),
                inside(federation, "adapter.pem"),
                inside(federation, "adapter.key")
            ),
        ),
    };
    let (own, _) = pattern.split_once("[register]").unwrap();
    let replace = |text: &str, key: &str, value: &str| {
        let lines = text.lines().map(|line| {
            if line.starts_with(&format!("{key} = ")) { format!("{key} = \"{value}\"") } else { line.to_owned() }
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let own = replace(own, "adapter", "xroad");
    let own = replace(&own, "member", OWNER);
    let own = own.replace("agencies/MOJ", "agencies/PPL").replace("policy/MOJ", "policy/PPL");
    // Two addresses: where brokers ask, and the administrator's.
    let (before, after) = own.split_once("[admin]").unwrap();
    let own = format!("{}\n[admin]{}", replace(before, "listen", listen), replace(after, "listen", "127.0.0.1:0"));
    let register = format!(
        "[register]\nurl = \"{scheme}://127.0.0.1:{port}\"\nmapping = \"provider.toml\"\n\n[register.tls]\n{tls}\n"
    );
    fs::write(folder.join("host.toml"), format!("{own}\n{register}")).unwrap();
    fs::write(folder.join("provider.toml"), PROVIDER).unwrap();
}

fn inside(federation: &Federation, name: &str) -> String {
    federation.nation.path(&format!("inside/{name}")).display().to_string()
}

const PROVIDER: &str = r#"
health = "/openapi.json"

[[service]]
name = "getPerson/v1"
protocol = "soap"
path = "/service"
description = "/service?wsdl"

[service.mapped]
subjects = ["fin"]
body = "<getPerson><number>{subject}</number></getPerson>"
subject = "number"
found = "surname"
absent = ["Client.NoSuchPerson"]
fields = [{ name = "surname", at = "surname" }, { name = "height", at = "height", type = "number" }]

[[service]]
name = "getPersonWhole/v1"
protocol = "soap"
path = "/service"
[service.whole]

[[service]]
name = "keepDocument/v1"
protocol = "soap"
path = "/service"
[service.whole]

[[service]]
name = "findPerson/v1"
protocol = "soap"
path = "/find"
description = "/find"
[service.whole]

[[service]]
name = "person/v1"
protocol = "rest"

[service.mapped]
subjects = ["fin"]
target = "/api/people/{subject}"
subject = "/number"
absent = ["404"]
fields = [{ name = "surname", at = "/surname" }, { name = "height", at = "/height", type = "number" }]

[[service]]
name = "search/v1"
protocol = "rest"
path = "/api/search"
description = "/openapi.json"
[service.whole]
methods = ["GET", "POST"]
"#;

/// `xroad.toml` of the passport office, and its mapping files.
pub(super) fn write_door(federation: &Federation, mode: Mode) {
    let folder = federation.nation.path("callers/passport-office");
    let client = fs::read_to_string(folder.join("client.toml")).unwrap();
    let own =
        format!("certificate = \"{}\"\nkey = \"{}\"", inside(federation, "door.pem"), inside(federation, "door.key"));
    let (tls, pinned) = match mode {
        Mode::None => ("mode = \"none\"".to_owned(), String::new()),
        Mode::Server => (format!("mode = \"server\"\n{own}"), String::new()),
        Mode::Mutual => {
            (format!("mode = \"mutual\"\n{own}"), format!("certificates = [\"{}\"]", inside(federation, "client.pem")))
        }
    };
    let door = format!(
        "{client}\n[client]\nlisten = \"127.0.0.1:0\"\ncodes = \"7.7\"\nmappings = \"mappings\"\nunmapped = \"message\"\n\
         unmapped-purpose = \"legacy-exchange\"\n\
         unmapped-case = \"issue-or-id\"\n\n[client.tls]\n{tls}\n\n[[client.accepts]]\nid = \"{CLIENT}\"\n{pinned}\n"
    );
    fs::write(folder.join("xroad.toml"), door).unwrap();
    let mappings = folder.join("mappings");
    fs::create_dir_all(&mappings).unwrap();
    fs::write(mappings.join("get-person.toml"), GET_PERSON).unwrap();
    fs::write(mappings.join("person.toml"), PERSON).unwrap();
}

const GET_PERSON: &str = r#"
protocol = "soap"
clients = ["AZ/GOV/MIA/id-cards"]
asked = "AZ/GOV/PPL/people/getPerson/v1"
service = "AZ/GOV/PPL/people/getPerson/v1"
verb = "read"
purpose = "issue-id-document"
fields = ["surname", "height"]

[subject]
kind = "fin"
xpath = "number"

[case]
header = "id"

[answer]
xml = '<t:getPersonResponse xmlns:t="http://people.example/xroad"><number>{subject}</number><surname>{surname}</surname><height>{height}</height></t:getPersonResponse>'

[answer.absent]
fault = true

[[test]]
request = '''
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="http://x-road.eu/xsd/xroad.xsd"
    xmlns:i="http://x-road.eu/xsd/identifiers"><e:Header>
  <x:client i:objectType="SUBSYSTEM"><i:xRoadInstance>AZ</i:xRoadInstance><i:memberClass>GOV</i:memberClass>
    <i:memberCode>MIA</i:memberCode><i:subsystemCode>id-cards</i:subsystemCode></x:client>
  <x:service i:objectType="SERVICE"><i:xRoadInstance>AZ</i:xRoadInstance><i:memberClass>GOV</i:memberClass>
    <i:memberCode>PPL</i:memberCode><i:subsystemCode>people</i:subsystemCode><i:serviceCode>getPerson</i:serviceCode>
    <i:serviceVersion>v1</i:serviceVersion></x:service>
  <x:id>case-1</x:id><x:userId>inspector-7</x:userId><x:protocolVersion>4.0</x:protocolVersion></e:Header>
  <e:Body><p:getPerson xmlns:p="http://people.example/xroad"><number>7TEST34</number></p:getPerson></e:Body></e:Envelope>
'''
query = '''
{ "service": "AZ/GOV/PPL/people/getPerson/v1", "verb": "read", "subject": { "fin": "7TEST34" },
  "purpose": "issue-id-document", "case": "case-1", "official": "inspector-7", "fields": ["height", "surname"] }
'''
"#;

const PERSON: &str = r#"
protocol = "rest"
clients = ["AZ/GOV/MIA/id-cards"]
asked = "AZ/GOV/PPL/people/person"
method = "GET"
path = "/{number}"
service = "AZ/GOV/PPL/people/person/v1"
verb = "read"
purpose = "issue-id-document"
fields = ["surname", "height"]

[subject]
kind = "fin"
path = "number"

[case]
header = "id"

[answer]
json = '{ "number": "{subject}", "surname": "{surname}", "height": "{height}" }'

[answer.absent]
status = 404
json = '{ "error": "nobody has this number" }'

[[test]]
target = "/r1/AZ/GOV/PPL/people/person/7TEST34"
headers = { X-Road-Client = "AZ/GOV/MIA/id-cards", X-Road-UserId = "inspector-7", X-Road-Id = "case-1" }
query = '''
{ "service": "AZ/GOV/PPL/people/person/v1", "verb": "read", "subject": { "fin": "7TEST34" },
  "purpose": "issue-id-document", "case": "case-1", "official": "inspector-7", "fields": ["height", "surname"] }
'''
"#;
