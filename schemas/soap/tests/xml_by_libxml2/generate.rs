//! Documents to disagree about: SOAP envelopes grown from a grammar that loves namespaces, references and line ends, and
//! what becomes of them when octets are changed.

/// A generator of numbers whose run can be repeated from its seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound.max(1) as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.below(from.len())]
    }
}

pub(crate) const PREFIXES: &[&str] = &["", "a", "b", "c", "soap", "wsu", "é", "xmlq", "a-b"];
const URIS: &[&str] = &[
    "urn:a",
    "urn:b",
    "urn:c",
    "urn:é",
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "http://example.org/?a=1;b=&#x40;",
    "http://example.org/%41",
    "urn:&#x61;",
];
const LOCALS: &[&str] = &["a", "b", "Body", "Id", "id", "lang", "x-1.2", "ß", "_", "\u{10400}", "xmlns", "Timestamp"];
const PIECES: &[&str] = &[
    "x",
    " ",
    "text",
    "\n",
    "\t",
    "\r",
    "\r\n",
    "\r\r\n",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#9;",
    "&#10;",
    "&#13;",
    "&#xD;",
    "&#x20;",
    "&#x10FFFF;",
    "&#x85;",
    "&#x2028;",
    "\u{85}",
    "\u{2028}",
    "é",
    "漢",
    "\u{10FFFF}",
    "\u{FFFD}",
    "\u{7F}",
    ">",
    "]",
    "]]",
    "=",
    "/",
    "--",
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
    "AZE1234567",
    "&#000065;",
];

/// What mutations put in, besides what the grammar knows.
const TOKENS: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<?xml version='1.0'?>",
    "<!DOCTYPE a>",
    "&",
    ";",
    "&#",
    "&#x",
    "&a;",
    "&#0;",
    "&#xFFFF;",
    "&#xD800;",
    "&#x1;",
    " xmlns=''",
    " xmlns:a=''",
    " xmlns:a='urn:b'",
    " xmlns='urn:b'",
    " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
    " xmlns:xmlns='urn:a'",
    " xmlns:a='a'",
    " a=''",
    " a:a=''",
    " b:a=''",
    " xml:id='i'",
    "a:",
    ":",
    "\"",
    "'",
    "=",
    " ",
    "\r",
    "\n",
    "\t",
    "\0",
    "\u{1}",
    "\u{B}",
    "\u{C}",
    "\u{FFFE}",
    "\u{FFFF}",
    "\u{FEFF}",
    "\u{A0}",
    "\u{3000}",
    "\u{37E}",
    "\u{B7}",
    "\u{300}",
    "<a/>",
    "<a>",
    "</a>",
    "<a:a/>",
    "encoding='UTF-8'",
    "encoding='ISO-8859-1'",
    "standalone='yes'",
    "version='1.1'",
    "xml",
    "-",
    "--",
    "]]",
    "1",
];

/// A document of the grammar: well-formed in most cases.
pub(crate) fn document(dice: &mut Dice) -> String {
    let mut out = String::new();
    out += dice.pick(&[
        "",
        "",
        "",
        "\u{FEFF}",
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='UTF-8'?>\r\n",
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\" ?>",
    ]);
    if dice.one_in(8) {
        out += dice.pick(&["<!-- before -->\n", "<?before?>", "\n", "<?before the\r\nbeginning ?> "]);
    }
    let mut budget = 1 + dice.below(30);
    element(dice, &mut Vec::new(), 0, &mut budget, &mut out);
    if dice.one_in(8) {
        out += dice.pick(&["<!-- after -->", "<?after?>", "\r\n", " "]);
    }
    out
}

type Scope = Vec<(&'static str, &'static str)>;

fn element(dice: &mut Dice, scope: &mut Scope, depth: usize, budget: &mut usize, out: &mut String) {
    *budget = budget.saturating_sub(1);
    let outer = scope.len();
    let mut declared: Vec<&str> = Vec::new();
    let mut attributes = Vec::new();
    for _ in 0..dice.below(if depth == 0 { 6 } else { 3 }) {
        let prefix = dice.pick(PREFIXES);
        let uri = if prefix.is_empty() && dice.one_in(3) { "" } else { dice.pick(URIS) };
        if declared.contains(&prefix) || uri.contains('é') {
            continue;
        }
        declared.push(prefix);
        scope.push((prefix, uri));
        let colon = if prefix.is_empty() { "" } else { ":" };
        attributes.push(format!("xmlns{colon}{prefix}={}", quoted(dice, uri)));
    }
    let prefix = in_scope(dice, scope, true);
    let name = qualified(prefix, dice.pick(LOCALS));
    let mut named: Vec<(String, &str)> = Vec::new();
    for _ in 0..dice.below(5) {
        let prefix = in_scope(dice, scope, false);
        let uri = if prefix.is_empty() { "" } else { meaning(scope, prefix) };
        let local = dice.pick(LOCALS);
        let expanded = (uri.replace("&#x61;", "a"), local);
        if named.contains(&expanded) || (prefix.is_empty() && local == "xmlns") {
            continue;
        }
        named.push(expanded);
        let text = pieces(dice, 4);
        attributes.push(format!("{}={}", qualified(prefix, local), quoted(dice, &text)));
    }
    for _ in 0..attributes.len() {
        let (one, other) = (dice.below(attributes.len()), dice.below(attributes.len()));
        attributes.swap(one, other);
    }
    out.push('<');
    *out += &name;
    for attribute in attributes {
        *out += dice.pick(&[" ", " ", "  ", "\n", "\r\n\t"]);
        *out += &attribute;
    }
    *out += dice.pick(&["", "", " ", "\n"]);
    if dice.one_in(6) {
        *out += "/>";
    } else {
        out.push('>');
        content(dice, scope, depth, budget, out);
        *out += &format!("</{name}{}>", dice.pick(&["", "", " ", "\r\n"]));
    }
    scope.truncate(outer);
}

fn content(dice: &mut Dice, scope: &mut Scope, depth: usize, budget: &mut usize, out: &mut String) {
    for _ in 0..dice.below(5) {
        match dice.below(12) {
            0 => *out += &format!("<!--{}-->", dice.pick(&["", " a ", "<b>", "&c;", "\r\n", "d- e"])),
            1 => *out += &format!("<?{}?>", dice.pick(&["p", "p  a", "p a=\"&b;\" ", "p\r\nc", "é <d>", "p ?", "p  "])),
            2 => *out += &format!("<![CDATA[{}]]>", dice.pick(&["", "<a>", "&amp;", "]]", "\r\n", "]]&gt;", "\r"])),
            3..=6 if *budget > 0 && depth < 20 => element(dice, scope, depth + 1, budget, out),
            _ => *out += &pieces(dice, 6).replace("]]>", "]]&gt;"),
        }
        // Two pieces of text beside each other may join into what must not stand in text.
        if out.ends_with(']') {
            out.push(' ');
        }
    }
}

fn pieces(dice: &mut Dice, most: usize) -> String {
    (0..dice.below(most)).map(|_| dice.pick(PIECES)).collect()
}

fn quoted(dice: &mut Dice, text: &str) -> String {
    let quote = dice.pick(&["\"", "'"]);
    format!("{quote}{text}{quote}")
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

fn meaning(scope: &Scope, prefix: &str) -> &'static str {
    match prefix {
        "xml" => "xml",
        _ => scope.iter().rev().find(|(declared, _)| *declared == prefix).map_or("", |(_, uri)| uri),
    }
}

fn in_scope(dice: &mut Dice, scope: &Scope, of_element: bool) -> &'static str {
    match dice.below(12) {
        0 if !of_element => "xml",
        0..4 => "",
        _ if scope.is_empty() => "",
        _ => scope[dice.below(scope.len())].0,
    }
}

/// Changes some octets of a document.
pub(crate) fn mutate(dice: &mut Dice, text: &str, other: &str) -> Vec<u8> {
    let mut octets = text.as_bytes().to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(octets.len() + 1);
        let end = (at + 1 + dice.below(12)).min(octets.len());
        match dice.below(8) {
            0 => drop(octets.drain(at..end)),
            1 => drop(octets.splice(at..at, dice.pick(TOKENS).bytes())),
            2 => drop(octets.splice(at..end, dice.pick(TOKENS).bytes())),
            3 => {
                let copy = octets[at..end].to_vec();
                let to = dice.below(octets.len() + 1);
                drop(octets.splice(to..to, copy));
            }
            4 => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet ^= 1 << dice.below(8);
                }
            }
            5 => {
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(60)).min(other.len());
                drop(octets.splice(at..at, other.as_bytes()[from..to].iter().copied()));
            }
            6 => drop(octets.splice(at..at, dice.pick(PIECES).bytes())),
            _ if dice.one_in(20) => octets.truncate(at),
            _ => {
                if at < octets.len() {
                    octets[at] = b" <>&;'\"=/:!?[]-#xa\r\n\t"[dice.below(21)];
                }
            }
        }
    }
    octets
}
