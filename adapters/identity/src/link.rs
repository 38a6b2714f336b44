//! A link between two identity files, and what becomes of it.

use mohur_wire::{Fin, OfficerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::rules::{self, Biometric, Colour, Conclusion, Facts};

/// How many officers must conclude the same.
const EYES: usize = 2;
/// The sentence for the person (Article 32(4)); the link alone has no consequence (Article 32(2)).
const TO_PERSON: &str = "Two identity files were found to be linked. No decision about you may rest on this link alone. \
    You may ask the population register which files they are, and have them corrected.";
const TO_OWNER: &str = "The link was decided. Look at your own records of both files.";

/// Who decides, and who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// The agencies whose officers decide, e.g. `AZ/GOV/MOJ`.
    pub agencies: Vec<String>,
    /// The members that keep such files, and hear of every decision.
    pub owners: Vec<String>,
}

/// A link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// Says nothing about whom it links.
    pub id: String,
    /// One file.
    pub one: Fin,
    /// The other.
    pub other: Fin,
    /// What is known.
    pub facts: Facts,
    /// Which biometric service said so.
    pub engine: String,
    /// Its colour.
    pub colour: Colour,
    /// The point of the Regulation.
    pub article: String,
    /// How far it came.
    pub state: State,
    /// Since when it stands.
    pub opened: Timestamp,
    /// The signed decisions, each officer's last one; those about earlier facts as well.
    pub decisions: Vec<Kept>,
    /// Whom it concerns, and what they are told.
    pub notices: Vec<Notice>,
}

/// How far a link came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nobody needs to look: the facts are plain.
    Automatic,
    /// It waits for officers.
    Pending,
    /// Officers concluded differently: it waits for another.
    Disputed,
    /// Two officers concluded the same.
    Decided,
}

/// A decision as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// Who.
    pub officer: OfficerId,
    /// What.
    pub conclusion: Conclusion,
    /// About which facts.
    pub facts: Facts,
    /// The signed statement.
    pub statement: String,
}

/// What somebody is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notice {
    /// A member, or the FIN of the person.
    pub to: String,
    /// The colour that the link has now.
    pub colour: Colour,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

impl Link {
    pub(crate) fn open(
        id: String,
        (one, other): (Fin, Fin),
        facts: Facts,
        engine: &str,
        at: Timestamp,
    ) -> Option<Self> {
        let ruling = rules::automatic(facts)?;
        let state = if ruling.colour == Colour::Yellow { State::Pending } else { State::Automatic };
        Some(Self {
            id,
            one,
            other,
            facts,
            engine: engine.to_owned(),
            colour: ruling.colour,
            article: ruling.article.to_owned(),
            state,
            opened: at,
            decisions: Vec::new(),
            notices: Vec::new(),
        })
    }

    /// The link after somebody compared again. What was decided about other facts does not count any more, and is kept.
    pub(crate) fn with_facts(&self, facts: Facts, engine: &str, at: Timestamp) -> Self {
        // Where the new facts open no link, a human says so: two persons.
        let fresh = Self::open(self.id.clone(), (self.one, self.other), facts, engine, at);
        let ruling = fresh
            .map_or((Colour::Yellow, "30".to_owned(), State::Pending), |link| (link.colour, link.article, link.state));
        Self {
            facts,
            engine: engine.to_owned(),
            colour: ruling.0,
            article: ruling.1,
            state: ruling.2,
            opened: at,
            ..self.clone()
        }
    }

    /// The link with one more decision. `None`: the facts do not bear the conclusion. `stands` says of an earlier one whether
    /// its officer's certificate is still good: one that was revoked since counts no more, and is kept.
    pub(crate) fn with_decision(
        &self,
        kept: Kept,
        panel: &Panel,
        at: Timestamp,
        stands: &dyn Fn(&Kept) -> bool,
    ) -> Option<Self> {
        let ruling = self.concluded(kept.conclusion)?;
        let mut link = self.clone();
        link.decisions.retain(|earlier| earlier.officer != kept.officer || earlier.facts != link.facts);
        let conclusion = kept.conclusion;
        link.decisions.push(kept);
        let current = link.decisions.iter().filter(|kept| kept.facts == link.facts && stands(kept));
        let (agree, disagree): (Vec<_>, Vec<_>) = current.partition(|kept| kept.conclusion == conclusion);
        link.state = match (agree.len() >= EYES, disagree.is_empty()) {
            (true, _) => State::Decided,
            (false, true) => State::Pending,
            (false, false) => State::Disputed,
        };
        if link.state == State::Decided {
            link.colour = ruling.0;
            link.article = ruling.1;
            link.tell(panel, at);
        }
        Some(link)
    }

    fn concluded(&self, conclusion: Conclusion) -> Option<(Colour, String)> {
        if let Some(ruling) = rules::concluded(self.facts, conclusion) {
            return Some((ruling.colour, ruling.article.to_owned()));
        }
        // Compared again, the two have nothing in common any more.
        let unlinked = rules::automatic(self.facts).is_none() && self.facts.biometric != Biometric::Same;
        (unlinked && conclusion == Conclusion::TwoPersons).then(|| (Colour::Green, "31".to_owned()))
    }

    fn tell(&mut self, panel: &Panel, at: Timestamp) {
        let colour = self.colour;
        let notice = |to: String, text: &str| Notice { to, colour, at, text: text.to_owned() };
        self.notices.extend(panel.owners.iter().map(|owner| notice(owner.clone(), TO_OWNER)));
        if colour == Colour::Red {
            let persons = [self.one, self.other].map(|fin| notice(fin.to_string(), TO_PERSON));
            self.notices.extend(persons);
        }
    }
}
