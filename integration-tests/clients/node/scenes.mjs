// Plays scenes with npm soap against a running broker, and prints what came of each as one JSON document.
//
//     node scenes.mjs <brief: addresses, files and people, JSON>

import crypto from "node:crypto";
import fs from "node:fs";

import { ecSeal, Member, rsaSeal } from "./soap-query.mjs";

const brief = JSON.parse(fs.readFileSync(process.argv[2]));
const VITALS = "AZ/GOV/MOH/health-card/vitals/v1";
const EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const XROAD = 'xmlns:xrd="http://x-road.eu/xsd/xroad.xsd" xmlns:id="http://x-road.eu/xsd/identifiers"';

const office = new Member({
  door: brief.door,
  authority: brief.authority,
  tls: { certificate: `${brief.office.ec}/tls.pem`, key: `${brief.office.ec}/tls.key` },
  passphrase: brief.passphrase,
  brokersSeal: brief.brokersSeal,
});

const seal = (make, kind) => (options) =>
  make(`${brief.office[kind]}/seal.key`, `${brief.office[kind]}/seal.own.pem`, brief.passphrase, options);
const rsa = seal(rsaSeal, "rsa");
const ec = seal(ecSeal, "ec");

function vitals(changed = {}) {
  return {
    salt: crypto.randomBytes(32).toString("base64url"),
    id: crypto.randomUUID(),
    caller: brief.office.member,
    service: VITALS,
    verb: "read",
    subject: { fin: brief.fin },
    purpose: "issue-id-document",
    case: "ID-1",
    official: "inspector-7",
    fields: { field: ["bloodGroup", "height"] },
    ...changed,
  };
}

function disclosed(answer) {
  return Object.fromEntries(answer.fields.field.map((field) => [field.attributes.name, field.$value]));
}

/** What the broker answers to one question; a refusal by its code, once its signature is verified. */
async function outcome({ seal, options = {}, header, message = vitals(), sending = {} }) {
  const client = await office.connect(seal, options);
  if (header) client.addSoapHeader(header);
  try {
    return disclosed(await office.call(client, "query", message, sending));
  } catch (error) {
    if (!error.fault) throw error;
    const { refusal } = error.fault.detail ?? error.fault.Detail;
    return { code: refusal.code, detail: refusal.detail };
  }
}

const subsystem = (code) =>
  `<xrd:client ${XROAD} id:objectType="SUBSYSTEM"><id:xRoadInstance>AZ</id:xRoadInstance>` +
  `<id:memberClass>GOV</id:memberClass><id:memberCode>MIA</id:memberCode>` +
  `<id:subsystemCode>${code}</id:subsystemCode></xrd:client>`;
const wsu = { signerOptions: { idMode: "wssecurity" } };
const soap12 = { forceSoap12Headers: true };

async function each(scenes) {
  const told = {};
  for (const [name, scene] of Object.entries(scenes)) told[name] = await outcome(scene);
  return told;
}

const answered = () =>
  each({
    "the defaults": { seal: rsa() },
    "wsu:Id": { seal: rsa(wsu) },
    "SOAP 1.2": { seal: rsa(), options: soap12 },
    "SOAP 1.2, wsu:Id": { seal: rsa(wsu), options: soap12 },
    "exclusive canonicalisation alone": { seal: rsa({ signatureTransformations: [EXC_C14N] }) },
    "rsa-sha256 by name": { seal: rsa({ signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" }) },
    "SHA-512": {
      seal: rsa({
        signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha512",
      }),
    },
    "the token signed": { seal: rsa({ additionalReferences: ["wsse:BinarySecurityToken"] }) },
    "an X-Road header, signed": {
      seal: rsa({ ...wsu, additionalReferences: ["xrd:client"] }),
      header: subsystem("id-cards"),
    },
    "an X-Road header, not signed": { seal: rsa(), header: subsystem("id-cards") },
    "as MTOM": { seal: rsa(), sending: { forceMTOM: true } },
    "an EC key, taught": { seal: ec() },
  });

const refused = () =>
  each({
    "no Timestamp": { seal: rsa({ hasTimeStamp: false }) },
    "a Timestamp that is not signed": { seal: rsa({ excludeReferencesFromSigning: ["Timestamp"] }) },
    "a Body that is not signed": { seal: rsa({ excludeReferencesFromSigning: ["Body"] }) },
    "SHA-1": {
      seal: rsa({
        signatureAlgorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        digestAlgorithm: "http://www.w3.org/2000/09/xmldsig#sha1",
      }),
    },
    "SOAP 1.2, no Timestamp": { seal: rsa({ hasTimeStamp: false }), options: soap12 },
    "an element appended to the Security header": {
      seal: rsa({ appendElement: '<n:note xmlns:n="urn:example:note">7</n:note>' }),
    },
    "an X-Road header of another": { seal: rsa(), header: subsystem("police") },
    "an X-Road header of another, signed": {
      seal: rsa({ ...wsu, additionalReferences: ["xrd:client"] }),
      header: subsystem("police"),
    },
    // Without wsu:Id the library takes the declaration of X-Road's prefix `id` for an id.
    "an X-Road header under the default ids": {
      seal: rsa({ additionalReferences: ["xrd:client"] }),
      header: subsystem("id-cards"),
    },
    "an attachment, which the library cannot sign": {
      seal: rsa(),
      sending: { attachments: [{ mimetype: "image/jpeg", contentId: "photo", name: "photo", body: Buffer.from("photo") }] },
    },
    nobody: { seal: rsa(), message: vitals({ subject: { fin: brief.nobody } }) },
  });

/** Whether what a client verifies is worth something: each change of a good answer must be seen. */
async function forged() {
  const client = await office.connect(rsa());
  const [, answer] = await client.queryAsync(vitals(), { httpsAgent: office.httpsAgent });
  const question = client.lastRequest;
  const other = await office.connect(rsa());
  await other.queryAsync(vitals(), { httpsAgent: office.httpsAgent });
  const accepts = (changed, asked = question) => {
    try {
      office.verify(changed, asked);
      return true;
    } catch {
      return false;
    }
  };
  const changed = (from, to) => {
    const text = answer.replace(from, to);
    if (text === answer) throw new Error(`nothing to change: ${from}`);
    return accepts(text);
  };
  return {
    untouched: accepts(answer),
    "a field": changed(/(<m:field [^>]*>)[^<]*/, "$1forged"),
    "the finding": changed(">found<", ">absent<"),
    "the time": changed(/(<wsu:Created>)\d{4}/, "$12000"),
    "the confirmation": changed(/(SignatureConfirmation[^>]* Value=")[^"]*/, "$1AAAA"),
    "the signature": changed(/(<ds:SignatureValue>)..../, "$1AAAA"),
    "another question": accepts(answer, other.lastRequest),
  };
}

console.log(JSON.stringify({ answered: await answered(), refused: await refused(), forged: await forged() }));
office.httpsAgent.destroy();
