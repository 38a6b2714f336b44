// Asks signed questions at a Möhür broker over REST, and verifies the broker's signature on the answers.
//
// Nothing here is Möhür's own code: TLS and digests are Node's, npm http-message-signatures signs and verifies (RFC 9421).

import crypto from "node:crypto";
import fs from "node:fs";
import https from "node:https";

import { createSigner, createVerifier, httpbis } from "http-message-signatures";
import { parseDictionary, serializeItem } from "structured-headers";

const ALGORITHM = "ecdsa-p256-sha256";
const LABEL = "caller";
// What the broker demands of a question ...
const COVERED = [
  "@method", "@authority", "@target-uri", "content-type", "content-digest", "mohur-client", "mohur-service", "mohur-id",
];
// ... and what this client demands of an answer: its own parts, and that it answers this very question and no other.
const ANSWER = ['"@status"', '"content-digest"', '"content-type"', '"mohur-id"'];
const BOUND = ['"@method";req', '"@authority";req', '"content-digest";req', `"signature";req;key="${LABEL}"`];

/** RFC 9530. */
export const digest = (body) => `sha-256=:${crypto.createHash("sha256").update(body).digest("base64")}:`;

/** A key's name on the wire: the SHA-256 of its certificate. */
const fingerprint = (certificate) => certificate.fingerprint256.replaceAll(":", "").toLowerCase();

/** A member that asks, at one broker. */
export class Member {
  constructor({ door, authority, member, folder, passphrase, brokersSeal }) {
    this.door = door;
    this.member = member;
    this.agent = new https.Agent({
      ca: fs.readFileSync(authority),
      cert: fs.readFileSync(`${folder}/tls.pem`),
      key: fs.readFileSync(`${folder}/tls.key`),
      passphrase,
      minVersion: "TLSv1.3",
      keepAlive: true,
    });
    const own = new crypto.X509Certificate(fs.readFileSync(`${folder}/seal.pem`));
    const key = crypto.createPrivateKey({ key: fs.readFileSync(`${folder}/seal.key`), passphrase });
    this.signer = createSigner(key, ALGORITHM, fingerprint(own));
    this.seal = new crypto.X509Certificate(fs.readFileSync(brokersSeal));
  }

  /** An opening: one question with its id and fresh salt. */
  question(service, subject, purpose, operands) {
    const salt = crypto.randomBytes(32).toString("base64url");
    return { salt, id: crypto.randomUUID(), caller: this.member, service, subject, purpose, ...operands };
  }

  /** The question as a request that is not signed yet. */
  request(question) {
    const body = Buffer.from(JSON.stringify(question));
    const headers = {
      "Content-Type": "application/json",
      "Content-Digest": digest(body),
      "Mohur-Client": this.member,
      "Mohur-Service": question.service,
      "Mohur-Id": question.id,
    };
    return { method: "POST", url: `${this.door}/v1/query`, headers, body };
  }

  sign(request, fields = COVERED) {
    const paramValues = { nonce: crypto.randomBytes(16).toString("base64url") };
    const config = { key: this.signer, name: LABEL, fields, params: ["created", "keyid", "alg", "nonce"], paramValues };
    return httpbis.signMessage(config, request);
  }

  send({ method, url, headers, body }) {
    return new Promise((resolve, reject) => {
      const sent = https.request(url, { method, headers, agent: this.agent, timeout: 30_000 }, async (response) => {
        const chunks = await response.toArray().catch(reject);
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks ?? []) });
      });
      sent.on("error", reject).on("timeout", () => sent.destroy(new Error("no answer in time"))).end(body);
    });
  }

  /** The broker signed this answer, and signed it for this request. Throws otherwise. */
  async verify(response, request, demanded = [...ANSWER, ...BOUND]) {
    if (response.headers["content-digest"] !== digest(response.body)) throw new Error("the body is not the one signed");
    // The library looks for names alone; what is demanded is exact, with its parameters.
    const [[covered]] = parseDictionary(response.headers["signature-input"]).values();
    const components = covered.map((item) => serializeItem(item));
    const missing = demanded.filter((component) => !components.includes(component));
    if (missing.length > 0) throw new Error(`the signature does not cover ${missing}`);
    const verifier = { id: fingerprint(this.seal), algs: [ALGORITHM], verify: createVerifier(this.seal.publicKey, ALGORITHM) };
    const keyLookup = async ({ keyid }) => (keyid === verifier.id ? verifier : null);
    const config = { keyLookup, all: true, maxAge: 60, tolerance: 5, requiredParams: ["created", "keyid"] };
    if ((await httpbis.verifyMessage(config, response, request)) !== true) throw new Error("the answer is not signed");
    return response;
  }

  /** Signs, sends and verifies: the request as it went, and the verified response. */
  async ask(question) {
    const request = await this.sign(this.request(question));
    return { request, response: await this.verify(await this.send(request), request) };
  }
}

/** The fields in an owner's sealed answer (SD-JWT), read and not checked. */
export function disclosed(answer) {
  const read = (text) => JSON.parse(Buffer.from(text, "base64url"));
  return Object.fromEntries(answer.split("~").slice(1, -1).map(read).map(([, name, value]) => [name, value]));
}
