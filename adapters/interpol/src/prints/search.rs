//! A search for prints, written: a criminal or a civil one (CPS, NPS) with fingerprints in records of type 14, or one for a
//! mark from a scene (MPS) in a record of type 13.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::civil::Date;
use mohur_connection::Xml;
use mohur_wire::Timestamp;
use mohur_wire::subject::StateCode;

use super::{BIOM, ControlNumber, INT_I, ITL, NC, PrintsError};

/// The most images of one search: ten rolled, ten flat, and the two slaps with the thumbs.
const MOST_IMAGES: usize = 24;
/// The most octets of one image.
const MOST_OCTETS: usize = 2 << 20;
/// The name under which every bureau asks.
const BUREAU: &str = "National Central Bureau";

/// What is searched for, and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// CPS: a person's prints, in a criminal matter.
    Criminal,
    /// NPS: a person's prints, in a civil one: an unknown body, a visa.
    Civil,
    /// MPS: a mark from a scene.
    Mark,
}

/// How an image is compressed (field 13.011, 14.011).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// WSQ, for 500 pixels an inch.
    Wsq,
    /// JPEG 2000, lossy.
    Jpeg2000,
    /// JPEG 2000, lossless: what marks from a scene want.
    Jpeg2000Lossless,
    /// JPEG, baseline.
    Jpeg,
    /// PNG.
    Png,
}

/// An image as a biometric service supplies it: opaque, with what is to be said of it.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// The compressed image.
    pub content: &'a [u8],
    /// How it is compressed.
    pub compression: Compression,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pixels an inch, both ways.
    pub density: u32,
    /// Which finger: 0 unknown, 1–5 the right hand from the thumb on, 6–10 the left, 11–15 slaps (NIST table 8).
    pub finger: u8,
    /// How it was taken: 0 live plain, 1 live rolled, 4 a latent impression (NIST table 7).
    pub impression: u8,
    /// The day on which it was taken.
    pub captured: Date,
}

/// One search.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// What for.
    pub kind: Kind,
    /// The transaction's number.
    pub number: ControlNumber,
    /// Now.
    pub at: Timestamp,
    /// The images.
    pub images: Vec<Image<'a>>,
}

impl Kind {
    /// The type of transaction (field 1.004).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Criminal => "CPS",
            Self::Civil => "NPS",
            Self::Mark => "MPS",
        }
    }

    /// The type of record that holds an image.
    const fn record(self) -> &'static str {
        match self {
            Self::Criminal | Self::Civil => "14",
            Self::Mark => "13",
        }
    }
}

impl Compression {
    /// The code of INT-I's table CGA.
    const fn code(self) -> &'static str {
        match self {
            Self::Wsq => "WSQ20",
            Self::Jpeg2000 => "JP2",
            Self::Jpeg2000Lossless => "JP2L",
            Self::Jpeg => "JPEGB",
            Self::Png => "PNG",
        }
    }
}

impl Search<'_> {
    /// The transaction, as the bureau of that country sends it.
    pub fn write(&self, country: &StateCode) -> Result<String, PrintsError> {
        self.check()?;
        let mut xml = Xml::new();
        let namespaces = [("xmlns:itl", ITL), ("xmlns:biom", BIOM), ("xmlns:nc", NC), ("xmlns:int-i", INT_I)];
        xml.open("itl:NISTBiometricInformationExchangePackage", &namespaces);
        self.header(&mut xml, country);
        self.descriptive(&mut xml, country);
        for (place, image) in self.images.iter().enumerate() {
            self.image(&mut xml, place, image);
        }
        Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", xml.finish()))
    }

    fn check(&self) -> Result<(), PrintsError> {
        let fits = |image: &Image<'_>| {
            let sides = (1..=65_535).contains(&image.width) && (1..=65_535).contains(&image.height);
            let mark = self.kind == Kind::Mark;
            let taken = if mark { image.impression == 4 } else { image.impression <= 1 };
            // Records of type 13 and 14 are for 500 pixels an inch and more (field 14.009).
            sides && taken && (490..=4_200).contains(&image.density) && image.finger <= if mark { 10 } else { 15 }
        };
        let sized = |image: &Image<'_>| !image.content.is_empty() && image.content.len() <= MOST_OCTETS;
        if self.images.is_empty() || self.images.len() > MOST_IMAGES {
            return Err(PrintsError::Unwritten("a search has 1 to 24 images"));
        }
        if !self.images.iter().all(sized) {
            return Err(PrintsError::Unwritten("an image is 1 octet to 2 MiB"));
        }
        if !self.images.iter().all(fits) {
            return Err(PrintsError::Unwritten("an image's size, density, finger or impression is none of INT-I"));
        }
        Ok(())
    }

    /// Record of type 1: from whom to whom, and what follows.
    fn header(&self, xml: &mut Xml, country: &StateCode) {
        xml.open("itl:PackageInformationRecord", &[]).leaf("biom:RecordCategoryCode", "1");
        xml.open("biom:Transaction", &[]);
        let utc = self.at.to_zoned(jiff::tz::TimeZone::UTC);
        inside(xml, "biom:TransactionDate", "nc:Date", &utc.date().to_string());
        organization(xml, "int-i:TransactionDestinationOrganization", ("INT", "INTERPOL", "XPO"));
        organization(xml, "int-i:TransactionOriginatingOrganization", ("NCB", BUREAU, country.as_str()));
        inside(xml, "biom:TransactionUTCDate", "nc:DateTime", &self.now());
        identified(xml, "biom:TransactionControlIdentification", self.number.as_str());
        xml.open("biom:TransactionDomain", &[]);
        identified(xml, "biom:DomainVersionNumberIdentification", "06.00");
        xml.leaf("biom:TransactionDomainName", "INT-I").close();
        xml.open("biom:TransactionImageResolutionDetails", &[]);
        xml.leaf("biom:NativeScanningResolutionValue", "00.00");
        xml.leaf("biom:NominalTransmittingResolutionValue", "00.00").close();
        xml.leaf("biom:TransactionMajorVersionValue", "05").leaf("biom:TransactionMinorVersionValue", "02");
        xml.leaf("biom:TransactionPriorityValue", "2").leaf("int-i:TransactionCategoryCode", self.kind.code());
        self.contents(xml);
        xml.open("biom:TransactionCharacterSetDirectory", &[]);
        xml.leaf("biom:CharacterSetCommonNameCode", "UTF-8").leaf("biom:CharacterSetIndexCode", "0");
        identified(xml, "biom:CharacterSetVersionIdentification", "000");
        xml.close().close().close();
    }

    /// Field 1.003: every record that follows, by type and number.
    fn contents(&self, xml: &mut Xml) {
        xml.open("biom:TransactionContentSummary", &[]).leaf("biom:ContentFirstRecordCategoryCode", "1");
        xml.leaf("biom:ContentRecordQuantity", &(self.images.len() + 1).to_string());
        let images = (0..self.images.len()).map(|place| (place, self.kind.record()));
        for (place, record) in std::iter::once((0, "2")).chain(images) {
            xml.open("biom:ContentRecordSummary", &[]);
            identified(xml, "biom:ImageReferenceIdentification", &place.to_string());
            xml.leaf("biom:RecordCategoryCode", record).close();
        }
        xml.close();
    }

    /// Record of type 2: the reason's class, references that say nothing, and that a confirmed result is wanted.
    fn descriptive(&self, xml: &mut Xml, country: &StateCode) {
        xml.open("itl:PackageDescriptiveTextRecord", &[]).leaf("biom:RecordCategoryCode", "02");
        identified(xml, "biom:ImageReferenceIdentification", "0");
        xml.open("itl:UserDefinedDescriptiveDetail", &[]).open("int-i:DomainDefinedDescriptiveDetail", &[]);
        xml.open("int-i:RecordActivity", &[]);
        inside(xml, "biom:RecordCreationDate", "nc:DateTime", &self.now());
        xml.close();
        if self.kind == Kind::Civil {
            xml.open("int-i:RecordCivil", &[]).leaf("int-i:CivilDescriptionCode", "OTH").close();
        }
        xml.open("int-i:RecordMetadata", &[]).open("int-i:MiscellaneousIdentification", &[]);
        if self.kind == Kind::Mark {
            reference(xml, "int-i:NationalCaseIdentifier", country, &self.number);
            xml.leaf("int-i:LatentCaseEvidenceIdentifier", "1").leaf("int-i:LatentIdentifier", "1");
        }
        reference(xml, "int-i:NationalBusinessReference", country, &self.number);
        xml.close().close().open("int-i:TransactionMetadata", &[]);
        xml.leaf("int-i:ResultDeterminationMode", "CO").close().close().close().close();
    }

    fn image(&self, xml: &mut Xml, place: usize, image: &Image<'_>) {
        let (record, element) = match self.kind {
            Kind::Criminal | Kind::Civil => ("itl:PackageFingerprintImageRecord", "itl:FingerprintImage"),
            Kind::Mark => ("itl:PackageLatentImageRecord", "biom:FingerImpressionImage"),
        };
        xml.open(record, &[]).leaf("biom:RecordCategoryCode", self.kind.record());
        identified(xml, "biom:ImageReferenceIdentification", &place.to_string());
        xml.open(element, &[]).leaf("nc:BinaryBase64Object", &BASE64_STANDARD.encode(image.content));
        xml.leaf("biom:ImageBitsPerPixelQuantity", "8").open("biom:ImageCaptureDetail", &[]);
        inside(xml, "biom:CaptureDate", "nc:Date", &image.captured.to_string());
        xml.open("biom:CaptureOrganization", &[]);
        identified(xml, "nc:OrganizationIdentification", "NCB");
        xml.close().close().leaf("biom:ImageCompressionAlgorithmText", image.compression.code());
        let density = image.density.to_string();
        xml.leaf("biom:ImageHorizontalLineLengthPixelQuantity", &image.width.to_string());
        xml.leaf("biom:ImageHorizontalPixelDensityValue", &density).leaf("biom:ImageScaleUnitsCode", "1");
        xml.leaf("biom:ImageVerticalLineLengthPixelQuantity", &image.height.to_string());
        xml.leaf("biom:ImageVerticalPixelDensityValue", &density);
        xml.leaf("biom:FingerprintImageImpressionCaptureCategoryCode", &image.impression.to_string());
        xml.leaf("biom:FingerPositionCode", &image.finger.to_string()).close().close();
    }

    /// The time in whole seconds, UTC.
    fn now(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

fn organization(xml: &mut Xml, name: &str, (id, title, country): (&str, &str, &str)) {
    xml.open(name, &[]);
    identified(xml, "nc:OrganizationIdentification", id);
    xml.leaf("nc:OrganizationName", title).leaf("int-i:LocationCountryISO3166Alpha3Code", country).close();
}

fn reference(xml: &mut Xml, name: &str, country: &StateCode, number: &ControlNumber) {
    xml.open(name, &[]).leaf("int-i:LocationCountryISO3166Alpha3Code", country.as_str());
    xml.leaf("nc:IdentificationID", number.as_str()).close();
}

fn identified(xml: &mut Xml, name: &str, id: &str) {
    inside(xml, name, "nc:IdentificationID", id);
}

fn inside(xml: &mut Xml, outer: &str, inner: &str, text: &str) {
    xml.open(outer, &[]).leaf(inner, text).close();
}
