// Plays scenes with the client of rest-query.mjs against a running broker, and prints what came of each as one JSON document.
//
//     node rest-scenes.mjs <brief: addresses, files and people, JSON>

import fs from "node:fs";

import { digest, disclosed, Member } from "./rest-query.mjs";

const brief = JSON.parse(fs.readFileSync(process.argv[2]));
const VITALS = "AZ/GOV/MOH/health-card/vitals/v1";

const member = ({ member, ec }) => new Member({ ...brief, member, folder: ec });
const [office, bank] = [member(brief.office), member(brief.bank)];

function vitals(asker, { fin = brief.fin, purpose = "issue-id-document" } = {}) {
  const operands = { verb: "read", fields: ["bloodGroup", "height"], case: "ID-1", official: "inspector-7" };
  return asker.question(VITALS, { fin }, purpose, operands);
}

/** How a verified response reads: its refusal's code, or `answered`. */
const code = (response) => (response.status === 200 ? "answered" : JSON.parse(response.body).code);

async function asked(asker, question) {
  return code((await asker.ask(question)).response);
}

/** Sends a request as it is; the code of the refusal, once its signature is verified. */
async function sent(asker, request, demanded) {
  return code(await asker.verify(await asker.send(request), request, demanded));
}

async function refused() {
  const tampered = await office.sign(office.request(vitals(office)));
  tampered.body = Buffer.from(tampered.body.toString().replace("bloodGroup", "eyeColour"));
  const unsigned = office.request(vitals(office));
  const header = await office.sign(office.request(vitals(office)));
  header.headers["Mohur-Service"] = "AZ/GOV/MOJ/civil-registry/birth/v1";
  const uncovered = await office.sign(office.request(vitals(office)), ["@method", "@authority", "@target-uri", "mohur-id"]);
  const once = await office.sign(office.request(vitals(office)));
  await sent(office, once);
  const foreign = await office.sign(office.request(vitals(office)));
  return {
    tampered: await sent(office, tampered),
    // Without a signature there is none that the refusal could be bound to.
    unsigned: await sent(office, unsigned, ['"@status"', '"content-digest"', '"@method";req', '"@authority";req']),
    header: await sent(office, header),
    uncovered: await sent(office, uncovered),
    repeated: await sent(office, once),
    foreign: await sent(bank, foreign),
    withheld: await asked(bank, vitals(bank, { purpose: "credit-check" })),
    absent: await asked(office, vitals(office, { fin: brief.nobody })),
  };
}

/** What a forger might try on a good answer, and whether the client accepts it. */
async function forged({ request, response }, other) {
  const accepts = (changed, question = request) => office.verify(changed, question).then(() => true, () => false);
  const body = Buffer.from(response.body.toString().replace("answer", "Answer"));
  const { "content-digest": right, ...rest } = response.headers;
  return {
    body: await accepts({ ...response, body }),
    "body and digest": await accepts({ ...response, body, headers: { ...rest, "content-digest": digest(body) } }),
    status: await accepts({ ...response, status: 201 }),
    "another question": await accepts(response, other.request),
    "no digest": await accepts({ ...response, headers: rest }),
    untouched: await accepts({ ...response, headers: { ...rest, "content-digest": right } }),
  };
}

const good = await office.ask(vitals(office));
console.log(JSON.stringify({
  answered: {
    code: code(good.response),
    receipt: "mohur-receipt" in good.response.headers,
    ...disclosed(JSON.parse(good.response.body).answer),
  },
  refused: await refused(),
  forged: await forged(good, await office.ask(vitals(office))),
}));
