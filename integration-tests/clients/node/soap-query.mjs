// Asks signed questions at a Möhür broker over SOAP, and verifies the broker's signature on the answers.
//
// Nothing here is Möhür's own code: npm soap reads the broker's WSDL and signs with its WSSecurityCert, xml-crypto verifies.

import crypto from "node:crypto";
import fs from "node:fs";
import https from "node:https";

import { DOMParser } from "@xmldom/xmldom";
import soap from "soap";
import { SignedXml } from "xml-crypto";
import xpath from "xpath";

const ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const prefixes = xpath.useNamespaces({
  ds: "http://www.w3.org/2000/09/xmldsig#",
  wsse: "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
  wsse11: "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd",
  wsu: "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
});
const parse = (text) => new DOMParser().parseFromString(text, "text/xml");
const find = (expression, node) => prefixes(expression, node);

/** xml-crypto knows RSA by itself; what it does not know it can be taught, with Node's own crypto. */
export class EcdsaSha256 {
  getAlgorithmName = () => ECDSA_SHA256;
  getSignature = (text, key) =>
    crypto.sign("sha256", Buffer.from(text), { ...key, dsaEncoding: "ieee-p1363" }).toString("base64");
  verifySignature = (text, key, value) =>
    crypto.verify("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(value, "base64"));
}

/** A seal as npm soap signs with it. Only the member's own certificate may stand in the file, not its authority's. */
export function rsaSeal(key, certificate, passphrase, options = {}) {
  return new soap.WSSecurityCert(fs.readFileSync(key), fs.readFileSync(certificate), passphrase, options);
}

/** The same with an EC key, which npm soap does not know by itself. */
export function ecSeal(key, certificate, passphrase, options = {}) {
  const seal = rsaSeal(key, certificate, passphrase, { ...options, signatureAlgorithm: ECDSA_SHA256 });
  seal.signer.SignatureAlgorithms[ECDSA_SHA256] = EcdsaSha256;
  return seal;
}

/** A member that asks, at one broker. */
export class Member {
  constructor({ door, authority, tls, passphrase, brokersSeal }) {
    this.door = door;
    this.brokersSeal = fs.readFileSync(brokersSeal);
    this.httpsAgent = new https.Agent({
      ca: fs.readFileSync(authority),
      cert: fs.readFileSync(tls.certificate),
      key: fs.readFileSync(tls.key),
      passphrase,
      minVersion: "TLSv1.3",
      keepAlive: true,
    });
  }

  /** A client made from the broker's WSDL, which signs with this seal. */
  async connect(seal, options = {}) {
    const transport = { httpsAgent: this.httpsAgent };
    const client = await soap.createClientAsync(`${this.door}/soap?wsdl`, { wsdl_options: transport, ...options });
    client.setSecurity(seal);
    return client;
  }

  /** Calls an operation; its result, if the broker signed it for this very call. Refusals are verified in the same way. */
  async call(client, operation, message, options = {}) {
    let result, answer, refused;
    try {
      [result, answer] = await client[`${operation}Async`](message, { httpsAgent: this.httpsAgent, ...options });
    } catch (error) {
      if (!error.root?.Envelope) throw error;
      [refused, answer] = [error.root.Envelope.Body.Fault, error.body];
    }
    this.verify(answer, client.lastRequest);
    if (refused) throw Object.assign(new Error("the broker refuses"), { fault: refused });
    return result;
  }

  /** The broker signed the answer's Body and Timestamp, and confirmed in the same signature the one of the question. */
  verify(answer, question) {
    const document = parse(answer);
    const signatures = find("//ds:Signature", document);
    const bodies = find("/*/*[local-name()='Body']", document);
    if (signatures.length !== 1 || bodies.length !== 1) throw new Error("the answer is not signed once");
    const signature = new SignedXml({ publicCert: this.brokersSeal, idMode: "wssecurity" });
    signature.SignatureAlgorithms = { [ECDSA_SHA256]: EcdsaSha256 };
    signature.loadSignature(signatures[0]);
    if (!signature.checkSignature(answer)) throw new Error("the answer's signature is wrong");
    // What is believed is read from the texts that were verified, and from nothing else.
    const signed = signature.getSignedReferences().map((text) => parse(text).documentElement);
    const part = (name) => signed.find((element) => element.localName === name);
    if (!part("Body") || !part("Timestamp")) throw new Error("a part of the answer is not signed");
    const confirmed = part("SignatureConfirmation")?.getAttribute("Value");
    const sent = find("string(//ds:SignatureValue)", parse(question));
    // A fault to a message whose signature could not be believed confirms none.
    const isFault = part("Body").firstChild?.localName === "Fault";
    if (confirmed !== sent && !(isFault && !confirmed)) throw new Error("the answer to another question");
    return part("Body");
  }
}
