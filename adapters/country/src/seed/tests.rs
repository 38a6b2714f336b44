use std::collections::{BTreeMap, BTreeSet};

use mohur_wire::mrz::Mrz;

use super::*;

type Row = BTreeMap<String, String>;

struct Written {
    folder: tempfile::TempDir,
    summary: Summary,
}

fn written(people: u32) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let summary = seed(folder.path(), 2007, people, &mut |_| {}).unwrap();
    Written { folder, summary }
}

impl Written {
    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn rows(&self, table: Table) -> Vec<Row> {
        let mut rows = parsed(&self.text(&format!("{}.csv", table.name()))).into_iter();
        let header = rows.next().unwrap();
        assert_eq!(header, table.columns());
        let row = |row: Vec<String>| {
            assert_eq!(row.len(), header.len(), "{}", table.name());
            header.iter().cloned().zip(row).collect()
        };
        rows.map(row).collect()
    }

    fn contradictions(&self) -> Vec<serde_json::Value> {
        serde_json::from_str(&self.text(CONTRADICTIONS)).unwrap()
    }
}

/// RFC 4180.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (letter, _) => cell.push(letter),
        }
    }
    assert!(!quoted && row.is_empty() && cell.is_empty(), "the file ends with a whole row");
    rows
}

#[test]
fn a_seed_gives_the_same_bytes_and_a_larger_country_begins_with_the_smaller() {
    let (one, two, larger) = (written(700), written(700), written(1_500));
    for table in Table::ALL {
        let file = format!("{}.csv", table.name());
        assert!(one.text(&file) == two.text(&file), "{file}");
        assert!(one.text(&file).lines().count() > 1, "{file} has rows");
    }
    assert_eq!(one.text(CONTRADICTIONS), two.text(CONTRADICTIONS));
    assert_eq!(one.text(COUNTRY), two.text(COUNTRY));
    let first = |written: &Written| written.text("people.csv").lines().take(501).collect::<Vec<_>>().join("\n");
    assert_eq!(first(&one), first(&larger));
    assert_eq!((one.summary.people, one.rows(Table::People).len()), (700, 700));
    assert!(matches!(seed(one.folder.path(), 1, 1, &mut |_| {}), Err(SeedError::Taken(_))));
}

#[test]
fn keys_are_unique_across_districts() {
    let country = written(2_100);
    for (table, key) in [
        (Table::People, "fin"),
        (Table::Births, "act_no"),
        (Table::Marriages, "act_no"),
        (Table::HealthCards, "patient_id"),
        (Table::Payments, "receipt_no"),
        (Table::Dwellings, "unit_id"),
        (Table::Rights, "right_id"),
        (Table::Residence, "registration_id"),
        (Table::Visas, "visa_no"),
        (Table::Migration, "pin"),
        (Table::WatchList, "entry_id"),
        (Table::Crossings, "crossing_id"),
        (Table::Vehicles, "plate"),
        (Table::Licences, "number"),
        (Table::Blanks, "serial"),
        (Table::Clearances, "badge"),
        (Table::CargoSeals, "seal_no"),
        (Table::IdentityFiles, "fin"),
    ] {
        let rows = country.rows(table);
        let keys: BTreeSet<_> = rows.iter().map(|row| &row[key]).collect();
        assert_eq!(keys.len(), rows.len(), "{}.{key}", table.name());
    }
    let vins: BTreeSet<_> = country.rows(Table::Vehicles).into_iter().map(|row| row["vin"].clone()).collect();
    assert_eq!(vins.len(), country.rows(Table::Vehicles).len());
    let documents = country.rows(Table::Documents);
    let keys: BTreeSet<_> = documents.iter().map(|d| (&d["issuing_state"], &d["type"], &d["number"])).collect();
    assert_eq!(keys.len(), documents.len());
    let addresses: BTreeSet<_> = country.rows(Table::Dwellings).iter().map(address).collect();
    assert_eq!(addresses.len(), country.rows(Table::Dwellings).len());
}

fn address(row: &Row) -> String {
    ["city", "street", "building", "flat"].map(|part| row[part].clone()).join(",")
}

#[test]
fn machine_readable_zones_say_what_the_rows_say() {
    let mut kinds = BTreeSet::new();
    let mut without = 0;
    for row in written(3_000).rows(Table::Documents) {
        kinds.insert(row["kind"].clone());
        if row["mrz"].is_empty() {
            assert_eq!(row["kind"], "haulage-permit");
            without += 1;
            continue;
        }
        let mrz = Mrz::parse(&row["mrz"]).unwrap();
        assert_eq!(mrz.number.as_str(), row["number"]);
        assert_eq!(mrz.fin().map(|fin| fin.to_string()).unwrap_or_default(), row["fin"]);
        let counted = crate::make::COUNTED;
        assert!(mrz.birth_date == mohur_wire::mrz::MrzDate::of(row["birth_date"].parse().unwrap()));
        assert_eq!(mrz.expiry.around(counted).unwrap().to_string(), row["expires_on"]);
        assert_eq!(mrz.name.primary(), mohur_wire::names::to_mrz(&row["family_name"]).unwrap());
    }
    let expected = [
        "crew-certificate",
        "foreigner-card",
        "haulage-permit",
        "identity-card",
        "immigrant-card",
        "passport",
        "return-certificate",
        "seafarer-passport",
        "stateless-card",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    assert!(without > 0);
}

#[test]
fn families_are_families() {
    let country = written(1_000);
    let people: BTreeMap<_, _> =
        country.rows(Table::People).into_iter().map(|person| (person["fin"].clone(), person)).collect();
    let marriages: BTreeSet<_> = country
        .rows(Table::Marriages)
        .into_iter()
        .map(|act| (act["husband_fin"].clone(), act["wife_fin"].clone()))
        .collect();
    let (mut children, mut generations) = (0, 0);
    for person in people.values() {
        let depth = |mut fin: String| {
            let mut depth = 0;
            while let Some(father) =
                people.get(&fin).map(|person| person["father_fin"].clone()).filter(|f| !f.is_empty())
            {
                fin = father;
                depth += 1;
            }
            depth
        };
        generations = generations.max(depth(person["fin"].clone()) + 1);
        if person["father_fin"].is_empty() {
            continue;
        }
        children += 1;
        let (father, mother) = (&people[&person["father_fin"]], &people[&person["mother_fin"]]);
        assert_eq!((father["sex"].as_str(), mother["sex"].as_str()), ("M", "F"));
        for parent in [father, mother] {
            let year = |person: &Row| person["birth_date"][..4].parse::<i32>().unwrap();
            assert!((16..=58).contains(&(year(person) - year(parent))), "{person:?} {parent:?}");
            assert!(parent["death_date"].is_empty() || parent["death_date"] > person["birth_date"]);
        }
        assert!(person["patronymic"].starts_with(&format!("{} ", father["given_name"])), "{person:?} {father:?}");
        assert!(mohur_wire::names::names_match(&person["family_name"], &father["family_name"]));
        assert!(marriages.contains(&(father["fin"].clone(), mother["fin"].clone())), "{person:?}");
    }
    assert!(children > 300 && generations >= 3, "{children} children, {generations} generations");
}

#[test]
fn every_contradiction_is_in_the_tables_as_it_is_listed() {
    let country = written(1_000);
    let listed = country.contradictions();
    assert_eq!(listed.len() as u64, country.summary.contradictions);
    let mut kinds = BTreeSet::new();
    let mut tables: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for contradiction in &listed {
        kinds.insert(contradiction["kind"].as_str().unwrap().to_owned());
        for says in contradiction["says"].as_array().unwrap() {
            let table = Table::ALL.iter().find(|table| says["table"] == table.name()).unwrap();
            let rows = tables.entry(table.name()).or_insert_with(|| country.rows(*table));
            holds(rows, says, contradiction);
        }
    }
    let expected = [
        "birth-date-differs",
        "blood-group-differs",
        "crossed-after-death",
        "dead-owner",
        "no-birth-act",
        "one-blank",
        "one-sided-marriage",
        "residence-differs",
        "shared-document",
        "two-numbers",
        "valid-and-invalid",
        "wanted-and-cleared",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}

/// Whether a row with that key says that value; `null` means that there is no such row.
fn holds(rows: &[Row], says: &serde_json::Value, of: &serde_json::Value) {
    let key = says["key"].as_str().unwrap();
    let column = match says["table"].as_str().unwrap() {
        "documents" | "invalid_documents" => "number",
        "crossings" => "document_no",
        "rights" => "unit_id",
        _ => "fin",
    };
    let keyed: Vec<_> = rows.iter().filter(|row| row[column] == key).collect();
    let Some(value) = says["value"].as_str() else {
        assert!(keyed.is_empty(), "{of}");
        return;
    };
    let told = |row: &&&Row| {
        let columns = says["column"].as_str().unwrap();
        let told = match columns {
            "address" if row.contains_key("city") => address(row).replace(',', ", ").trim_end_matches(", ").to_owned(),
            columns => columns.split(", ").map(|column| row[column].clone()).collect::<Vec<_>>().join(" "),
        };
        told == value
    };
    assert!(keyed.iter().any(|row| told(&row)), "{of}");
}
