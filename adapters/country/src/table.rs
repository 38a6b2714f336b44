//! The tables: names, columns, and rows as PostgreSQL's `COPY … WITH (FORMAT csv, HEADER)` reads them.

use jiff::civil::Date;
use mohur_wire::Fin;

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident $name:literal [$($column:literal)*])*) => {
        /// A table of the country; each is a file of comma-separated values, `NULL` an empty cell.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Table { $($(#[$doc])* $table,)* }

        impl Table {
            /// Every table, in the order of the variants.
            pub const ALL: &'static [Self] = &[$(Self::$table,)*];

            /// Its name: the file's without `.csv`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$table => $name,)* }
            }

            /// Its columns.
            pub const fn columns(self) -> &'static [&'static str] {
                match self { $(Self::$table => &[$($column,)*],)* }
            }
        }
    };
}

tables! {
    /// Everybody with a FIN, living or dead.
    People "people" ["fin" "family_name" "given_name" "patronymic" "birth_date" "birth_place" "sex" "citizenship" "father_fin" "mother_fin" "death_date"]
    /// Birth acts.
    Births "births" ["act_no" "fin" "family_name" "given_name" "patronymic" "birth_date" "birth_place" "sex" "father_fin" "mother_fin"]
    /// Marriage acts; `ended` by divorce or death.
    Marriages "marriages" ["act_no" "husband_fin" "wife_fin" "married_on" "ended_on" "end_reason"]
    /// Death acts.
    Deaths "deaths" ["act_no" "fin" "died_on"]
    /// The population register's copies.
    Population "population" ["fin" "family_name" "given_name" "patronymic" "birth_date" "sex" "citizenship" "marital_status" "address" "card_no" "blood_group" "eye_colour" "height_cm"]
    /// Health cards.
    HealthCards "health_cards" ["patient_id" "fin" "birth_date" "blood_group" "eye_colour" "height_cm" "measured_on"]
    /// Payments of fees, in qəpik.
    Payments "payments" ["receipt_no" "payer_fin" "amount_qepik" "status" "ordered_on"]
    /// Dwellings.
    Dwellings "dwellings" ["unit_id" "title_id" "city" "street" "building" "flat"]
    /// Rights in dwellings.
    Rights "rights" ["right_id" "unit_id" "holder_fin" "kind" "share_numerator" "share_denominator" "since" "until"]
    /// Registrations of residence, of citizens by FIN and of foreigners by PIN.
    Residence "residence" ["registration_id" "fin" "pin" "city" "street" "building" "flat" "kind" "since" "until"]
    /// Documents of all kinds; `mrz` has two or three lines, and driving and haulage papers none.
    Documents "documents" ["issuing_state" "type" "number" "kind" "issuer" "fin" "pin" "family_name" "given_name" "birth_date" "sex" "nationality" "issued_on" "expires_on" "status" "blank_serial" "mrz"]
    /// The state register of invalid documents.
    InvalidDocuments "invalid_documents" ["issuing_state" "type" "number" "reason" "reported_on"]
    /// Visas.
    Visas "visas" ["visa_no" "passport_state" "passport_no" "family_name" "given_name" "birth_date" "category" "entries" "valid_from" "valid_until" "status"]
    /// Foreigners with a permit, and stateless persons.
    Migration "migration" ["pin" "family_name" "given_name" "birth_date" "sex" "nationality" "passport_no" "status" "permit_no" "since" "until"]
    /// Wanted persons and vehicles.
    WatchList "watch_list" ["entry_id" "kind" "fin" "family_name" "given_name" "birth_date" "document_state" "document_no" "plate" "vin" "action" "inserted_by" "since" "until"]
    /// Crossings of the border by persons and vehicles.
    Crossings "crossings" ["crossing_id" "document_state" "document_no" "fin" "plate" "direction" "checkpoint" "crossed_at"]
    /// Vehicles.
    Vehicles "vehicles" ["plate" "vin" "make" "model" "year" "passport_no" "owner_fin" "status"]
    /// Driving licences.
    Licences "driving_licences" ["number" "fin" "categories" "issued_on" "expires_on" "status"]
    /// Powers of attorney over vehicles.
    Powers "powers_of_attorney" ["number" "plate" "principal_fin" "agent_fin" "valid_from" "valid_until" "status"]
    /// Secure blanks.
    Blanks "blanks" ["serial" "kind" "status" "holder" "moved_on"]
    /// Military duty.
    MilitaryDuty "military_duty" ["fin" "status" "registered_on"]
    /// Clearances for protected objects.
    Clearances "clearances" ["badge" "fin" "object" "level" "valid_until" "status"]
    /// Seals on cargo.
    CargoSeals "cargo_seals" ["seal_no" "driver_document_no" "driver_fin" "plate" "route_from" "route_to" "sealed_at" "status"]
    /// Identity files: every FIN with the identity and the document that it was issued for.
    IdentityFiles "identity_files" ["fin" "family_name" "given_name" "patronymic" "birth_date" "sex" "document_state" "document_type" "document_no" "opened_on"]
}

/// A cell of a row.
pub(crate) trait Cell {
    /// The text; `None` is `NULL`.
    fn text(&self) -> Option<String>;
}

macro_rules! cells {
    ($($kind:ty)*) => { $(impl Cell for $kind {
        fn text(&self) -> Option<String> { Some(self.to_string()) }
    })* };
}

cells!(&str String Date Fin u32 u64 i64);

impl<T: Cell> Cell for Option<T> {
    fn text(&self) -> Option<String> {
        self.as_ref().and_then(Cell::text)
    }
}

/// The rows of one district, by table.
pub(crate) struct Sheets {
    sheets: Vec<Sheet>,
}

/// The rows of one table.
#[derive(Default)]
pub(crate) struct Sheet {
    pub(crate) rows: u64,
    pub(crate) text: String,
}

impl Sheets {
    pub(crate) fn new() -> Self {
        Self { sheets: Table::ALL.iter().map(|_| Sheet::default()).collect() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, table: Table, cells: &[&dyn Cell]) {
        debug_assert_eq!(cells.len(), table.columns().len(), "{}", table.name());
        let Some(sheet) = self.sheets.get_mut(table as usize) else { return };
        for (number, cell) in cells.iter().enumerate() {
            if number > 0 {
                sheet.text.push(',');
            }
            if let Some(text) = cell.text() {
                write_cell(&mut sheet.text, &text);
            }
        }
        sheet.text.push('\n');
        sheet.rows += 1;
    }

    pub(crate) fn into_tables(self) -> impl Iterator<Item = (Table, Sheet)> {
        Table::ALL.iter().copied().zip(self.sheets)
    }
}

/// RFC 4180, section 2: in quotation marks if need be, and those doubled. Empty text is quoted: it is not `NULL`.
fn write_cell(out: &mut String, text: &str) {
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut out = String::new();
        for text in ["Bakı, Nizami", "say \"x\"", "", "plain"] {
            write_cell(&mut out, text);
            out.push(';');
        }
        assert_eq!(out, "\"Bakı, Nizami\";\"say \"\"x\"\"\";\"\";plain;");
    }

    #[test]
    fn tables_and_columns_have_names_of_their_own() {
        let mut names: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Table::ALL.len());
        for table in Table::ALL {
            let mut columns = table.columns().to_vec();
            columns.sort_unstable();
            columns.dedup();
            assert_eq!(columns.len(), table.columns().len(), "{}", table.name());
        }
    }
}
