//! A federation with the passport office's door, and what its X-Road clients send.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use mohur_federation::Federation;
use mohur_http::{Client, ClientLimits};
use mohur_wire::Clock;
use mohur_xroad::client::Callers;
use mohur_xroad::{Config, Door, RunningDoor};

/// What the ministry's own systems call the member and the owner are names of X-Road that are not ours.
const SETTINGS: &str = r#"
[client]
listen = "127.0.0.1:0"
codes = "7.7"
mappings = "mappings"

[client.tls]
mode = "none"

[[client.accepts]]
id = "EE/GOV/MEMBER1/SUBSYSTEM1"

[[client.accepts]]
id = "AZ/GOV/MIA/id-cards"

[[client.owners]]
id = "EE/GOV/MEMBER2/SUBSYSTEM2"
member = "AZ/GOV/MOH/health-card"

[[client.represents]]
party = "GOV/0099"
member = "AZ/GOV/SBS/border"
"#;

const VITALS_BY_SOAP: &str = r#"
protocol = "soap"
clients = ["EE/GOV/MEMBER1/SUBSYSTEM1"]
asked = "EE/GOV/MEMBER2/SUBSYSTEM2/exampleService/v1"
service = "AZ/GOV/MOH/health-card/vitals/v1"
verb = "read"
purpose = "issue-id-document"
fields = ["bloodGroup", "height"]

[namespaces]
p = "http://producer.x-road.eu"

[subject]
kind = "fin"
xpath = "exampleInput"

[answer]
xml = '<p:exampleServiceResponse xmlns:p="http://producer.x-road.eu"><pin>{subject}</pin><blood>{bloodGroup}</blood><tall>{height?}</tall></p:exampleServiceResponse>'

[answer.absent]
xml = '<p:exampleServiceResponse xmlns:p="http://producer.x-road.eu"/>'

[[test]]
request = '''@REQUEST@'''
query = '{ "service": "AZ/GOV/MOH/health-card/vitals/v1", "verb": "read", "subject": { "fin": "7TEST34" }, "purpose": "issue-id-document", "case": "12345", "official": "EE12345678901", "fields": ["bloodGroup", "height"] }'
"#;

const BIRTH_BY_SOAP: &str = r#"
protocol = "soap"
clients = ["AZ/GOV/MIA/id-cards"]
asked = "AZ/GOV/MOJ/civil-registry/birth/v1"
service = "AZ/GOV/MOJ/civil-registry/birth/v1"
verb = "match"
purpose = "issue-id-document"

[subject]
kind = "fin"
xpath = "pin"

[[value]]
field = "birthDate"
xpath = "born"
type = "date"

[answer]
xml = '<birthResponse xmlns="urn:moj"><same>{birthDate}</same></birthResponse>'

[answer.codes.birthDate]
match = "true"
mismatch = "false"

[answer.absent]
fault = true

[[test]]
request = '''@BIRTH@'''
query = '{ "service": "AZ/GOV/MOJ/civil-registry/birth/v1", "verb": "match", "subject": { "fin": "7TEST34" }, "purpose": "issue-id-document", "case": "12345", "official": "EE12345678901", "values": { "birthDate": "1990-05-06" } }'
"#;

const VITALS_BY_REST: &str = include_str!("../../../../docs/samples/xroad-mappings/vitals.toml");
const BIRTH_BY_REST: &str = include_str!("../../../../docs/samples/xroad-mappings/birth-match.toml");

/// PR-MESS annex E.1, about a person.
pub(crate) fn request(fin: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope
        xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"
        xmlns:ns1="http://producer.x-road.eu"
        xmlns:xrd="http://x-road.eu/xsd/xroad.xsd"
        xmlns:id="http://x-road.eu/xsd/identifiers">
    <SOAP-ENV:Header>
        <xrd:client id:objectType="SUBSYSTEM">
            <id:xRoadInstance>EE</id:xRoadInstance>
            <id:memberClass>GOV</id:memberClass>
            <id:memberCode>MEMBER1</id:memberCode>
            <id:subsystemCode>SUBSYSTEM1</id:subsystemCode>
        </xrd:client>
        <xrd:service id:objectType="SERVICE">
            <id:xRoadInstance>EE</id:xRoadInstance>
            <id:memberClass>GOV</id:memberClass>
            <id:memberCode>MEMBER2</id:memberCode>
            <id:subsystemCode>SUBSYSTEM2</id:subsystemCode>
            <id:serviceCode>exampleService</id:serviceCode>
            <id:serviceVersion>v1</id:serviceVersion>
        </xrd:service>
        <xrd:id>4894e35d-bf0f-44a6-867a-8e51f1daa7e0</xrd:id>
        <xrd:userId>EE12345678901</xrd:userId>
        <xrd:issue>12345</xrd:issue>
        <xrd:protocolVersion>4.0</xrd:protocolVersion>
    </SOAP-ENV:Header>
    <SOAP-ENV:Body>
        <ns1:exampleService>
            <exampleInput>{fin}</exampleInput>
        </ns1:exampleService>
    </SOAP-ENV:Body>
</SOAP-ENV:Envelope>
"#
    )
}

/// The same client by its name here, to the civil registry.
pub(crate) fn birth_request(fin: &str, born: &str) -> String {
    request(fin)
        .replace("<id:xRoadInstance>EE<", "<id:xRoadInstance>AZ<")
        .replace(">MEMBER1<", ">MIA<")
        .replace(">SUBSYSTEM1<", ">id-cards<")
        .replace(">MEMBER2<", ">MOJ<")
        .replace(">SUBSYSTEM2<", ">civil-registry<")
        .replace(">exampleService<", ">birth<")
        .replace("ns1:exampleService", "ns1:birth")
        .replace(&format!("<exampleInput>{fin}</exampleInput>"), &format!("<pin>{fin}</pin><born>{born}</born>"))
}

/// A federation and its door.
pub(crate) struct Inside {
    pub(crate) federation: Federation,
    pub(crate) address: SocketAddr,
    client: Client,
    _door: RunningDoor,
}

impl Inside {
    /// The passport office's door, as it comes.
    pub(crate) async fn open() -> Self {
        Self::with(|settings| settings).await
    }

    /// The same with other settings.
    pub(crate) async fn with(change: impl FnOnce(String) -> String) -> Self {
        Self::set(change, "").await
    }

    /// The same with a description of the SOAP service.
    pub(crate) async fn described(wsdl: &str) -> Self {
        Self::set(|settings| settings, wsdl).await
    }

    async fn set(change: impl FnOnce(String) -> String, wsdl: &str) -> Self {
        let federation = Federation::start().await;
        let folder = federation.nation.path("callers/passport-office");
        let mappings = folder.join("mappings");
        std::fs::create_dir_all(&mappings).unwrap();
        let by_soap = VITALS_BY_SOAP.replace("@REQUEST@", &request("7TEST34"));
        let described = if wsdl.is_empty() { "" } else { "description = \"example.wsdl\"\n" };
        std::fs::write(mappings.join("example.wsdl"), wsdl).unwrap();
        let by_soap = format!("{described}{by_soap}");
        let birth = BIRTH_BY_SOAP.replace("@BIRTH@", &birth_request("7TEST34", "1990-05-06Z"));
        for (name, text) in [
            ("vitals-soap.toml", by_soap.as_str()),
            ("birth-soap.toml", &birth),
            ("vitals-rest.toml", VITALS_BY_REST),
            ("birth-rest.toml", BIRTH_BY_REST),
        ] {
            std::fs::write(mappings.join(name), text).unwrap();
        }
        let outside = std::fs::read_to_string(folder.join("client.toml")).unwrap();
        let file = folder.join("xroad.toml");
        std::fs::write(&file, format!("{outside}\n{}", change(SETTINGS.to_owned()))).unwrap();
        let config = Config::load(&file).unwrap();
        let settings = config.client.clone().unwrap();
        let clock: Arc<dyn Clock> = Arc::clone(&federation.clock) as Arc<dyn Clock>;
        let door = Door::start(&config, settings, clock).await.unwrap();
        let (address, client) = (door.local_addr(), Client::http(ClientLimits::default()));
        Self { federation, address, client, _door: door }
    }

    /// Sends a request as it is; its target gets the door's address.
    pub(crate) async fn send(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        let target = format!("http://{}{}", self.address, request.uri());
        *request.uri_mut() = target.parse().unwrap();
        self.client.send(request, Duration::from_secs(30)).await.unwrap().response
    }

    /// Posts an envelope; every answer of SOAP has the status 200.
    pub(crate) async fn soap(&self, envelope: &str) -> String {
        let request = Request::post("/").header("content-type", "text/xml; charset=utf-8");
        let response = self.send(request.body(Bytes::from(envelope.to_owned())).unwrap()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/xml;charset=UTF-8");
        String::from_utf8(response.into_body().to_vec()).unwrap()
    }

    /// A GET as one of the clients.
    pub(crate) async fn get(&self, target: &str, client: &str) -> Response<Bytes> {
        let request = Request::get(target).header("x-road-client", client).header("x-road-issue", "ID-1");
        self.send(request.body(Bytes::new()).unwrap()).await
    }
}

/// Sends bytes over a connection of their own, and reads until it is closed.
pub(crate) async fn raw(address: SocketAddr, message: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(message.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// The one text between two tags.
pub(crate) fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} in {text}")).0
}

/// A door runs for months, and directories expire: what is published is put to use, and what cannot be verified is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_directory_is_put_to_use_and_a_broken_one_is_not() {
    let mut inside = Inside::open().await;
    let file = inside.federation.nation.path("callers/passport-office/xroad.toml");
    let clock: Arc<dyn Clock> = Arc::clone(&inside.federation.clock) as Arc<dyn Clock>;
    let callers = Arc::new(Callers::load(Config::load(&file).unwrap().caller, clock).unwrap());
    let following = tokio::spawn(Arc::clone(&callers).follow());
    let before = callers.now().directory().version();
    inside.federation.publish(|_| {}).await;
    for attempt in 0.. {
        if callers.now().directory().version() > before {
            break;
        }
        assert!(attempt < 60, "the new directory is never read");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let good = callers.now().directory().version();
    std::fs::write(inside.federation.nation.path("directory/metadata/timestamp.json"), "not metadata").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(callers.now().directory().version(), good, "the last good one stays");
    following.abort();
}
