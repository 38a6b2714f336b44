//! `GetRightsResponse`, read strictly in what matters: whom and what it is about, and every right in it.

use jiff::civil::Date;
use mohur_contract::RegistryError;
use mohur_soap::Element;
use mohur_wire::{Arrival, Fin};

use crate::address::Address;
use crate::cadastre::NAMESPACE;

/// The codes of LA_RightType. Each is a right to the dwelling; a mortgage is an LA_Restriction and none.
const TYPES: [&str; 7] = ["ownership", "commonOwnership", "usufruct", "lease", "superficies", "occupation", "tenancy"];

/// What the register says of one party in one dwelling.
pub(crate) struct Rights {
    /// Whom it speaks of.
    pub(crate) party: Fin,
    /// The dwelling's number.
    pub(crate) number: String,
    /// The dwelling's address.
    pub(crate) address: Address,
    terms: Vec<Term>,
}

/// From when until when a right stands.
struct Term {
    since: Date,
    until: Option<Date>,
}

const INVALID: RegistryError = RegistryError::Invalid("the reply is not a GetRightsResponse as in the contract");

impl Rights {
    pub(crate) fn read(answer: Element<'_>) -> Result<Self, RegistryError> {
        if !answer.is(NAMESPACE, "GetRightsResponse") {
            return Err(INVALID);
        }
        let title = only(answer, "LA_BAUnit")?;
        let unit = only(title, "LA_LegalSpaceBuildingUnit")?;
        let rights = title.children().filter(|child| child.is(NAMESPACE, "LA_Right"));
        Ok(Self {
            party: text(only(only(answer, "LA_Party")?, "extPID")?)?.parse().map_err(|_| INVALID)?,
            number: text(only(unit, "suID")?)?,
            address: address(only(unit, "extAddressID")?)?,
            terms: rights.map(Term::read).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a right stands on that day.
    pub(crate) fn stands(&self, day: Date) -> bool {
        self.terms.iter().any(|term| term.since <= day && term.until.is_none_or(|until| day < until))
    }
}

impl Term {
    fn read(right: Element<'_>) -> Result<Self, RegistryError> {
        if !TYPES.contains(&text(only(right, "type")?)?.as_str()) {
            return Err(RegistryError::Invalid("a right is of a type that is not known"));
        }
        let share = only(right, "share")?;
        let (numerator, denominator) = (part(share, "numerator")?, part(share, "denominator")?);
        if numerator > denominator {
            return Err(RegistryError::Invalid("a share is more than the whole"));
        }
        let until = right.optional(NAMESPACE, "endLifespanVersion").map_err(|_| INVALID)?;
        Ok(Self { since: date(only(right, "beginLifespanVersion")?)?, until: until.map(date).transpose()? })
    }
}

/// Numerator or denominator: a whole number above zero.
fn part(share: Element<'_>, name: &str) -> Result<u64, RegistryError> {
    let number = text(only(share, name)?)?.parse().ok().filter(|number| *number > 0);
    number.ok_or(RegistryError::Invalid("a share is not a fraction"))
}

/// An `xs:date`, whose time zone does not change the day that is meant (XML Schema part 2, section 3.2.9).
fn date(element: Element<'_>) -> Result<Date, RegistryError> {
    const WRONG: RegistryError = RegistryError::Invalid("a date is not one");
    let text = text(element)?;
    let (day, zone) = text.split_at_checked(10).ok_or(WRONG)?;
    let is_zone = matches!(zone.as_bytes(), [] | [b'Z'] | [b'+' | b'-', _, _, b':', _, _]);
    day.parse().ok().filter(|_| is_zone).ok_or(WRONG)
}

fn address(element: Element<'_>) -> Result<Address, RegistryError> {
    let mut parts = Vec::new();
    for name in Address::ELEMENTS {
        let part = element.optional(NAMESPACE, name).map_err(|_| INVALID)?;
        parts.extend(part.map(text).transpose()?);
    }
    // Three of four parts are the first three only if the flat is the one that is missing.
    let whole = parts.len() == Address::ELEMENTS.len() || element.child(NAMESPACE, "unitNumber").is_none();
    Address::of(parts).filter(|_| whole).ok_or(RegistryError::Invalid("the dwelling's address is not whole"))
}

fn only<'d>(parent: Element<'d>, name: &str) -> Result<Element<'d>, RegistryError> {
    parent.only(NAMESPACE, name).map_err(|_| INVALID)
}

fn text(element: Element<'_>) -> Result<String, RegistryError> {
    let text = element.text().map_err(|_| INVALID)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Today in Azerbaijan: UTC+4, without summer time since 2016.
pub(crate) fn today(arrival: Arrival) -> Date {
    arrival.0.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(4))).date()
}
