//! What becomes of a message: its elements, names, ids, declarations, transforms and text bent one by one, and its octets.

use mohur_soap::ns;

use crate::dice::Dice;
use crate::tree::{Attribute, Element, Node, Tree};

const EXCLUSIVE_WITH_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const URIS: &[&str] = &[
    ns::SOAP11,
    ns::SOAP12,
    ns::WSSE,
    ns::WSSE11,
    ns::WSU,
    ns::DS,
    ns::EXC_C14N,
    ns::XML,
    "urn:a",
    "urn:q",
    "a",
    "",
    "urn:&#x61;",
    " urn:a",
];
const PREFIXES: &[&str] = &["", "s", "soap", "wsse", "wsu", "ds", "e", "m", "q", "unused", "xml", "_", "é"];
const IDS: &[&str] = &[
    "body",
    "time",
    "times",
    "token",
    "other",
    "Body",
    "a b",
    " body",
    "body ",
    "a&#9;b",
    "a'b",
    "1",
    "a:b",
    "é",
    "a%20b",
    "body%",
    "xpointer",
    "/1",
    "",
    "*",
    "a.b-c_d",
    "&#98;ody",
    "body'",
    "a)b",
    "a^b",
    "mohur-body",
    "mohur-timestamp",
];
const ID_NAMES: &[&str] = &["Id", "wsu:Id", "xml:id", "ID", "id", "ds:Id", "wsse:Id", "s:Id", "xml:Id"];
const REFERENCES: &[&str] = &[
    "",
    "#",
    "#xpointer(/)",
    "#xpointer(id('body'))",
    "#element(/1/2)",
    "cid:a",
    "body",
    "file:///etc/hostname",
    "#body#body",
    "#body,#time",
    "#*",
    "?",
    "#&#x62;ody",
    " #body",
    "#body ",
    "%23body",
];
const ALGORITHMS: &[&str] = &[
    ns::EXC_C14N,
    ns::EXC_C14N,
    EXCLUSIVE_WITH_COMMENTS,
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    ENVELOPED,
    "http://www.w3.org/2000/09/xmldsig#base64",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmlenc#sha512",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2000/09/xmldsig#sha1",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    "http://www.w3.org/2001/10/xml-exc-c14n",
    "http://www.w3.org/2001/10/xml-exc-c14n# ",
];
const DIGESTS: &[&str] = &[
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmlenc#sha512",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
];
const LISTED: &[&str] =
    &["#default", "#DEFAULT", "xml", "xmlns", "none", "s", "soap", "wsu", "ds", "q", "unused", "m", "é", "a:b", "-"];
const SPACES: &[&str] =
    &[" ", "  ", "\n", "\r\n", "\t", "\r", "&#9;", "&#32;", "&#10;", "&#13;", "\u{A0}", "&#xA0;", "\u{85}"];
const PIECES: &[&str] = &[
    "x",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "&#13;",
    "&#xD;",
    "&#10;",
    "&#9;",
    "&amp;",
    "&lt;",
    "&gt;",
    ">",
    "&quot;",
    "&apos;",
    "é",
    "\u{10FFFF}",
    "\u{2028}",
    "\u{85}",
    "\u{7F}",
    "]]",
    "=",
    "A",
    "&#65;",
    "&#x0041;",
    "<!---->",
    "<!-- a -->",
    "<!--\r\n<b>&c;-->",
    "<![CDATA[]]>",
    "<![CDATA[a<b>&amp;]]>",
    "<![CDATA[\r]]>",
    "<?p?>",
    "<?p  a\r\n?>",
    "&a;",
    "&#0;",
];
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
    "<!DOCTYPE a>",
    "<!DOCTYPE a [<!ENTITY a 'b'>]>",
    "&a;",
    "&#x1;",
    "&#xFFFF;",
    " xmlns=''",
    " xmlns='urn:a'",
    " xmlns:s='urn:a'",
    " xmlns:ds='urn:a'",
    " Id='body'",
    " wsu:Id='body'",
    " xml:id='body'",
    " a=''",
    "\"",
    "'",
    "=",
    " ",
    "\r",
    "\n",
    "\0",
    "\u{1}",
    "\u{FEFF}",
    "\u{300}",
    "ds:",
    "s:",
    "wsu:",
    "#",
    "body",
    "<a/>",
    "<a>",
    "</a>",
    "<s:Body/>",
    "encoding='UTF-16'",
    "-",
    "1",
    "A",
    "==",
];
const BEFORE: &[&str] = &[
    "",
    "\u{FEFF}",
    "<?xml version=\"1.0\"?>",
    "<?xml version='1.0' encoding='utf-8'?>\r\n",
    "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
    "<!-- before -->",
    "<?before?>",
    "<!DOCTYPE a>",
    "\n",
];

type Change = fn(&mut Dice, &mut Tree, &Tree);

/// The changes, those that leave most messages sound before those that do not.
const CHANGES: &[Change] = &[
    spell_text,
    spell_text,
    spell_attribute,
    reorder_attributes,
    space_tags,
    declare,
    declare,
    rename_prefix,
    rename_prefix,
    list_prefixes,
    list_prefixes,
    put_piece,
    put_piece,
    add_attribute,
    swap_references,
    add_header,
    digest_otherwise,
    change_id,
    change_id,
    name_id,
    point_elsewhere,
    refer_to_more,
    change_algorithm,
    transform_more,
    move_element,
    copy_element,
    delete_element,
    rename_element,
    wrap,
    unwrap,
    swap_siblings,
    prologue,
    splice,
];

/// Changes a message a few times.
pub(crate) fn tree(dice: &mut Dice, tree: &mut Tree, other: &Tree, most: usize) {
    for _ in 0..=dice.below(most) {
        let change = CHANGES[dice.below(CHANGES.len())];
        change(dice, tree, other);
    }
}

/// Changes some octets.
pub(crate) fn octets(dice: &mut Dice, octets: &mut Vec<u8>) {
    for _ in 0..=dice.below(3) {
        let at = dice.below(octets.len() + 1);
        let end = (at + 1 + dice.below(12)).min(octets.len());
        match dice.below(6) {
            0 => drop(octets.drain(at..end)),
            1 => drop(octets.splice(at..at, dice.pick(TOKENS).bytes())),
            2 => drop(octets.splice(at..end, dice.pick(TOKENS).bytes())),
            3 => {
                let copy = octets[at..end].to_vec();
                let to = dice.below(octets.len() + 1);
                drop(octets.splice(to..to, copy));
            }
            4 if at < octets.len() => octets[at] ^= 1 << dice.below(8),
            _ => drop(octets.splice(at..at, dice.pick(PIECES).bytes())),
        }
    }
}

fn any(dice: &mut Dice, tree: &Tree) -> usize {
    dice.below(tree.root.size())
}

/// One of the elements of these local names.
fn one_of(dice: &mut Dice, tree: &Tree, locals: &[&str]) -> Option<usize> {
    let numbers = tree.numbers(|element| locals.contains(&element.local()));
    (!numbers.is_empty()).then(|| numbers[dice.below(numbers.len())])
}

/// An element that matters, or any.
fn somewhere(dice: &mut Dice, tree: &Tree) -> usize {
    let known =
        ["Envelope", "Header", "Body", "Security", "Timestamp", "Signature", "SignedInfo", "Reference", "Transform"];
    let local = dice.pick(&known);
    if dice.one_in(2) { one_of(dice, tree, &[local]).unwrap_or(0) } else { any(dice, tree) }
}

fn reference(dice: &mut Dice, character: char) -> String {
    let number = u32::from(character);
    match dice.below(4) {
        0 => format!("&#{number};"),
        1 => format!("&#x{number:x};"),
        2 => format!("&#x{number:X};"),
        _ => format!("&#00{number};"),
    }
}

/// One character as a reference: the same text in another spelling, unless it stood in one already.
fn spell(dice: &mut Dice, text: &mut String) {
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    if text.contains('&') && !dice.one_in(8) {
        return;
    }
    if let Some((at, character)) = characters.get(dice.below(characters.len())).copied() {
        let spelt = reference(dice, character);
        text.replace_range(at..at + character.len_utf8(), &spelt);
    }
}

fn spell_text(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = any(dice, tree);
    let element = tree.nth(number);
    for child in &mut element.children {
        let Node::Raw(text) = child else { continue };
        if text.starts_with('<') {
            continue;
        }
        if dice.one_in(2) {
            spell(dice, text);
        } else if !text.contains('&') && !text.contains('>') {
            let at = boundary(dice, text);
            *text = format!("{}<![CDATA[{}]]>", &text[..at], &text[at..]);
        }
    }
}

fn spell_attribute(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = any(dice, tree);
    let attributes = &mut tree.nth(number).attributes;
    if attributes.is_empty() {
        return;
    }
    let at = dice.below(attributes.len());
    let attribute = &mut attributes[at];
    match dice.below(3) {
        0 => spell(dice, &mut attribute.value),
        1 => {
            let quote = if attribute.quote == '"' { '\'' } else { '"' };
            if !attribute.value.contains(quote) {
                attribute.quote = quote;
            }
        }
        _ => {
            let at = boundary(dice, &attribute.value);
            let space = dice.pick(SPACES);
            attribute.value.insert_str(at, space);
        }
    }
}

fn reorder_attributes(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    for number in 0..tree.root.size() {
        let attributes = &mut tree.nth(number).attributes;
        if attributes.len() > 1 && dice.one_in(2) {
            let (one, other) = (dice.below(attributes.len()), dice.below(attributes.len()));
            attributes.swap(one, other);
        }
    }
}

fn space_tags(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = any(dice, tree);
    let element = tree.nth(number);
    element.is_short = !element.is_short;
    for attribute in &mut element.attributes {
        attribute.before = dice.pick(&[" ", "\n", "\r\n  ", "\t"]).to_owned();
    }
}

fn declare(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let (number, prefix) = (somewhere(dice, tree), dice.pick(PREFIXES));
    let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    // Mostly what the prefix means already, so that the declaration is superfluous.
    let meant = tree.numbers(|element| element.attributes.iter().any(|attribute| attribute.name == name));
    let mut uri = dice.pick(URIS).to_owned();
    if !meant.is_empty() && !dice.one_in(4) {
        let declaring = tree.nth(meant[0]);
        let known = declaring.attributes.iter().find(|attribute| attribute.name == name).unwrap();
        uri.clone_from(&known.value);
    }
    let element = tree.nth(number);
    if let Some(at) = element.attributes.iter().position(|attribute| attribute.name == name) {
        if dice.one_in(3) {
            element.attributes.remove(at);
        } else {
            element.attributes[at].value = uri;
        }
    } else {
        let at = dice.below(element.attributes.len() + 1);
        element.attributes.insert(at, Attribute::new(name, uri));
    }
}

/// Another prefix for the same namespace in an element and all that is in it.
fn rename_prefix(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = any(dice, tree);
    let prefix = tree.nth(number).prefix().to_owned();
    let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    let meant = tree.numbers(|element| element.attributes.iter().any(|attribute| attribute.name == declaration));
    let Some(last) = meant.into_iter().rfind(|declaring| *declaring <= number) else { return };
    let declaring = tree.nth(last);
    let uri = declaring.attributes.iter().find(|attribute| attribute.name == declaration).unwrap().value.clone();
    let new = dice.pick(&["p0", "p1", "s", "e", "wsu", "ds", ""]);
    let element = tree.nth(number);
    let name = if new.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{new}") };
    if element.attributes.iter().all(|attribute| attribute.name != name) {
        element.attributes.push(Attribute::new(name, uri));
    }
    rename(element, &prefix, new);
}

fn rename(element: &mut Element, from: &str, to: &str) {
    if element.prefix() == from {
        element.name = if to.is_empty() { element.local().to_owned() } else { format!("{to}:{}", element.local()) };
    }
    if !from.is_empty() && !to.is_empty() {
        for attribute in &mut element.attributes {
            if let Some((prefix, local)) = attribute.name.split_once(':')
                && prefix == from
            {
                attribute.name = format!("{to}:{local}");
            }
        }
    }
    for child in &mut element.children {
        if let Node::Element(child) = child {
            rename(child, from, to);
        }
    }
}

fn list_prefixes(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let Some(number) = one_of(dice, tree, &["Transform", "Transform", "CanonicalizationMethod"]) else { return };
    let mut list = String::new();
    for _ in 0..dice.below(4) {
        list += dice.pick(LISTED);
        list += if dice.one_in(6) { dice.pick(SPACES) } else { " " };
    }
    let list = if dice.one_in(3) { list } else { list.trim().to_owned() };
    let element = tree.nth(number);
    if let Some(Node::Element(known)) = element.children.first_mut()
        && let Some(attribute) = known.attributes.iter_mut().find(|attribute| attribute.name == "PrefixList")
    {
        attribute.value = list;
        return;
    }
    let mut parameters = Element {
        name: "e:InclusiveNamespaces".to_owned(),
        attributes: vec![Attribute::new("xmlns:e", ns::EXC_C14N), Attribute::new("PrefixList", list)],
        children: Vec::new(),
        is_short: true,
    };
    if dice.one_in(10) {
        parameters.attributes.remove(dice.below(2));
    }
    element.children.push(Node::Element(parameters));
}

/// A piece of text, a comment, a CDATA section, a reference or a space somewhere.
fn put_piece(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = if dice.one_in(3) { any(dice, tree) } else { in_payload(dice, tree) };
    let piece = if dice.one_in(3) { dice.pick(SPACES) } else { dice.pick(PIECES) };
    let element = tree.nth(number);
    let at = dice.below(element.children.len() + 1);
    match element.children.get_mut(at) {
        Some(Node::Raw(text)) if !text.starts_with('<') => text.insert_str(boundary(dice, text), piece),
        _ => element.children.insert(at, Node::Raw(piece.to_owned())),
    }
}

fn in_payload(dice: &mut Dice, tree: &mut Tree) -> usize {
    let bodies = tree.numbers(|element| element.local() == "Body");
    let Some(body) = bodies.last().copied() else { return 0 };
    let size = tree.nth(body).size();
    body + dice.below(size)
}

fn boundary(dice: &mut Dice, text: &str) -> usize {
    let mut at = dice.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn add_attribute(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = if dice.one_in(2) { in_payload(dice, tree) } else { any(dice, tree) };
    let name = dice.pick(&[
        "a",
        "b",
        "xml:lang",
        "xml:space",
        "xml:base",
        "wsu:a",
        "s:a",
        "ds:Type",
        "Type",
        "Encoding",
        "MimeType",
    ]);
    let value: String = (0..dice.below(4)).map(|_| dice.pick(PIECES)).filter(|piece| !piece.contains('<')).collect();
    let element = tree.nth(number);
    let at = dice.below(element.attributes.len() + 1);
    element.attributes.insert(at, Attribute::new(name, value));
}

fn swap_references(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let Some(number) = one_of(dice, tree, &["SignedInfo"]) else { return };
    let children = &mut tree.nth(number).children;
    let references: Vec<usize> = (0..children.len())
        .filter(|at| matches!(&children[*at], Node::Element(element) if element.local() == "Reference"))
        .collect();
    if !references.is_empty() {
        children.swap(references[0], references[dice.below(references.len())]);
    }
}

/// A header block, or something in wsse:Security, and mostly a reference to it.
fn add_header(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let Some(number) = one_of(dice, tree, &["Header", "Header", "Security", "Body", "Envelope"]) else { return };
    let id = dice.pick(&["added", "added", "body", "a b", "other"]);
    let name = dice.pick(&["h", "wsse:BinarySecurityToken", "s:Body", "wsu:Timestamp", "h"]);
    let block = Element {
        name: name.to_owned(),
        attributes: vec![Attribute::new(dice.pick(ID_NAMES), id)],
        children: vec![Node::Raw(dice.pick(PIECES).to_owned())],
        is_short: false,
    };
    let children = &mut tree.nth(number).children;
    children.insert(dice.below(children.len() + 1), Node::Element(block));
    if !dice.one_in(4) {
        refer_to(dice, tree, id);
    }
}

/// A reference more, made after one that is there.
fn refer_to(dice: &mut Dice, tree: &mut Tree, id: &str) {
    let Some(number) = one_of(dice, tree, &["Reference"]) else { return };
    if number == 0 {
        return;
    }
    let (parent, at) = tree.place(number);
    let mut copy = parent.children[at].clone();
    if let Node::Element(copy) = &mut copy
        && let Some(uri) = copy.attributes.iter_mut().find(|attribute| attribute.name == "URI")
    {
        uri.value = format!("#{id}");
    }
    parent.children.insert(at + dice.below(2), copy);
}

fn refer_to_more(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let id = dice.pick(IDS);
    refer_to(dice, tree, id);
}

fn digest_otherwise(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let Some(number) = one_of(dice, tree, &["DigestMethod"]) else { return };
    if let Some(attribute) = tree.nth(number).attributes.iter_mut().find(|attribute| attribute.name == "Algorithm") {
        attribute.value = dice.pick(DIGESTS).to_owned();
    }
}

fn is_id(attribute: &Attribute) -> bool {
    ID_NAMES.contains(&attribute.name.as_str())
}

/// Another id, and mostly the references to it changed with it.
fn change_id(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let with_id = tree.numbers(|element| element.attributes.iter().any(is_id));
    if with_id.is_empty() {
        return;
    }
    let number = with_id[dice.below(with_id.len())];
    let new = dice.pick(IDS);
    let attribute = tree.nth(number).attributes.iter_mut().find(|attribute| is_id(attribute)).unwrap();
    let old = core::mem::replace(&mut attribute.value, new.to_owned());
    if dice.one_in(5) {
        return;
    }
    let spelt = if dice.one_in(6) { new.replace(' ', "%20") } else { new.to_owned() };
    for number in tree.numbers(|element| element.local() == "Reference") {
        for attribute in &mut tree.nth(number).attributes {
            if attribute.name == "URI" && attribute.value == format!("#{old}") {
                attribute.value = format!("#{spelt}");
            }
        }
    }
}

/// An id under another attribute's name, or one more.
fn name_id(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = somewhere(dice, tree);
    let (name, id) = (dice.pick(ID_NAMES), dice.pick(IDS));
    let element = tree.nth(number);
    match element.attributes.iter_mut().find(|attribute| is_id(attribute)) {
        Some(attribute) if !dice.one_in(3) => attribute.name = name.to_owned(),
        _ => element.attributes.push(Attribute::new(name, id)),
    }
}

fn point_elsewhere(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let Some(number) = one_of(dice, tree, &["Reference"]) else { return };
    let uri = if dice.one_in(2) { dice.pick(REFERENCES).to_owned() } else { format!("#{}", dice.pick(IDS)) };
    if let Some(attribute) = tree.nth(number).attributes.iter_mut().find(|attribute| attribute.name == "URI") {
        attribute.value = uri;
    }
}

fn change_algorithm(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let numbers = tree.numbers(|element| element.attributes.iter().any(|attribute| attribute.name == "Algorithm"));
    if numbers.is_empty() {
        return;
    }
    let element = tree.nth(numbers[dice.below(numbers.len())]);
    let attribute = element.attributes.iter_mut().find(|attribute| attribute.name == "Algorithm").unwrap();
    attribute.value = dice.pick(ALGORITHMS).to_owned();
}

/// A transform more, mostly enveloped-signature at the first place.
fn transform_more(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let Some(number) = one_of(dice, tree, &["Transforms"]) else { return };
    let element = tree.nth(number);
    let prefix = element.prefix();
    let name = if prefix.is_empty() { "Transform".to_owned() } else { format!("{prefix}:Transform") };
    let algorithm = if dice.one_in(3) { dice.pick(ALGORITHMS) } else { ENVELOPED };
    let attributes = vec![Attribute::new("Algorithm", algorithm)];
    let at = if dice.one_in(3) { dice.below(element.children.len() + 1) } else { 0 };
    element.children.insert(at, Node::Element(Element { name, attributes, children: Vec::new(), is_short: true }));
}

fn take(dice: &mut Dice, tree: &mut Tree) -> Option<Node> {
    let number = somewhere(dice, tree);
    if number == 0 {
        return None;
    }
    let (parent, at) = tree.place(number);
    Some(parent.children.remove(at))
}

fn put(dice: &mut Dice, tree: &mut Tree, node: Node) {
    let number = somewhere(dice, tree);
    let children = &mut tree.nth(number).children;
    children.insert(dice.below(children.len() + 1), node);
}

fn move_element(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    if let Some(node) = take(dice, tree) {
        put(dice, tree, node);
    }
}

fn copy_element(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = somewhere(dice, tree);
    let copy = tree.nth(number).clone();
    if copy.size() + tree.root.size() < 200 {
        put(dice, tree, Node::Element(copy));
    }
}

fn delete_element(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    drop(take(dice, tree));
}

fn rename_element(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = any(dice, tree);
    let element = tree.nth(number);
    let local = match dice.below(2) {
        0 => element.local().to_owned(),
        _ => {
            dice.pick(&["Body", "Header", "Timestamp", "Reference", "SignedInfo", "Object", "Manifest", "a"]).to_owned()
        }
    };
    element.name = match dice.pick(PREFIXES) {
        "" => local,
        prefix => format!("{prefix}:{local}"),
    };
}

fn wrap(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = somewhere(dice, tree);
    if number == 0 {
        return;
    }
    let name = dice.pick(&["a", "s:Body", "s:Header", "ds:Object", "wsse:Security", "ds:SignedInfo"]).to_owned();
    let (parent, at) = tree.place(number);
    let inner = parent.children.remove(at);
    let outer = Element { name, attributes: Vec::new(), children: vec![inner], is_short: false };
    parent.children.insert(at, Node::Element(outer));
}

fn unwrap(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = any(dice, tree);
    if number == 0 {
        return;
    }
    let (parent, at) = tree.place(number);
    if let Node::Element(element) = parent.children.remove(at) {
        drop(parent.children.splice(at..at, element.children));
    }
}

fn swap_siblings(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    let number = somewhere(dice, tree);
    let children = &mut tree.nth(number).children;
    if children.len() > 1 {
        let (one, other) = (dice.below(children.len()), dice.below(children.len()));
        children.swap(one, other);
    }
}

fn prologue(dice: &mut Dice, tree: &mut Tree, _: &Tree) {
    tree.before = dice.pick(BEFORE).to_owned();
    if dice.one_in(3) {
        tree.after = dice.pick(&["", "\n", "<!-- after -->", "<?after?>", "a"]).to_owned();
    }
}

/// Something of another message.
fn splice(dice: &mut Dice, tree: &mut Tree, other: &Tree) {
    let number = somewhere(dice, other);
    let element = other.clone().nth(number).clone();
    if element.size() + tree.root.size() < 200 {
        put(dice, tree, Node::Element(element));
    }
}
