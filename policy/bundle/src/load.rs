//! From a folder to a policy that can decide.

use std::collections::BTreeSet;
use std::path::Path;

use mohur_crypto::Digest;
use mohur_crypto::digest::sha256_parts;
use mohur_policy::{
    AgencyId, AgencyModel, AgencyPolicy, Governance, Problem, PurposeRule, agency_schema, check_rules, compile,
    compile_generous,
};

use crate::cases::Case;
use crate::errors::{PolicyErrors, whole};
use crate::files::{Files, GOVERNANCE, RELEASE, SCHEMA, agency_folders};
use crate::manifest::{Manifest, Owner};
use crate::{definition, purposes, release};

/// The governance rules with the digest of their files.
pub(crate) struct Above {
    rules: Governance,
    digest: Digest,
}

/// Loads one agency's folder beneath the governance rules, which lie in the folder `GOVERNANCE` beside it.
pub fn load_agency(folder: &Path) -> Result<AgencyPolicy, PolicyErrors> {
    let mut problems = Vec::new();
    let above = governance_beside(folder, &mut problems);
    let policy = above.and_then(|above| agency(folder, &above, &mut problems));
    PolicyErrors::or(policy, problems, folder)
}

/// Loads every agency's folder in `root`.
pub fn load_all(root: &Path) -> Result<Vec<AgencyPolicy>, PolicyErrors> {
    let mut problems = Vec::new();
    let agencies = load_root(root, &mut problems);
    PolicyErrors::or(Some(agencies), problems, root)
}

/// Everything that is wrong with a folder: one agency's, the governance's, or the one around them. The bundle
/// definitions are looked at too.
pub fn check(folder: &Path) -> Result<Vec<AgencyPolicy>, PolicyErrors> {
    let mut problems = Vec::new();
    let policies = if !crate::is_agency_folder(folder) {
        let policies = load_root(folder, &mut problems);
        definition::read_all(folder, &mut problems);
        policies
    } else if Files::read(folder, &mut Vec::new()).name == GOVERNANCE {
        governance(folder, &mut problems);
        Vec::new()
    } else {
        let above = governance_beside(folder, &mut problems);
        definition::read_folder(&Files::read(folder, &mut Vec::new()), &mut problems);
        above.and_then(|above| agency(folder, &above, &mut problems)).into_iter().collect()
    };
    PolicyErrors::or(Some(policies), problems, folder)
}

fn load_root(root: &Path, problems: &mut Vec<Problem>) -> Vec<AgencyPolicy> {
    let folders = match agency_folders(root) {
        Ok(folders) => folders,
        Err(error) => {
            problems.push(whole(root, format!("cannot be read: {error}; check the path")));
            return Vec::new();
        }
    };
    let (above, agencies): (Vec<_>, Vec<_>) =
        folders.into_iter().partition(|folder| folder.file_name().is_some_and(|name| name == GOVERNANCE));
    let above = match above.first() {
        Some(folder) => governance(folder, problems),
        None => governance(&root.join(GOVERNANCE), problems),
    };
    // What an agency's files have wrong is worth saying even where the governance rules do not load.
    let sound = above.is_some();
    let above = above.unwrap_or_else(Above::none);
    let mut loaded: Vec<AgencyPolicy> = Vec::new();
    for folder in agencies {
        let Some(policy) = agency(&folder, &above, problems) else { continue };
        if loaded.iter().any(|other| other.agency() == policy.agency()) {
            problems.push(whole(&folder, format!("{} has a second folder; keep one", policy.agency())));
        }
        loaded.push(policy);
    }
    if problems.is_empty() {
        check_purposes(&above.rules, &loaded, problems);
    }
    if sound { loaded } else { Vec::new() }
}

impl Above {
    fn none() -> Self {
        Self { rules: Governance::default(), digest: Digest([0; 32]) }
    }
}

/// A governance rule about a purpose that nobody declares is a slip.
fn check_purposes(governance: &Governance, agencies: &[AgencyPolicy], problems: &mut Vec<Problem>) {
    for (purpose, problem) in governance.purposes() {
        if !agencies.iter().any(|agency| agency.declares(&purpose)) {
            problems.push(problem);
        }
    }
}

fn governance_beside(folder: &Path, problems: &mut Vec<Problem>) -> Option<Above> {
    match folder.canonicalize() {
        Ok(real) => {
            // The folder's own spelling is kept in problems where it can be.
            let beside = folder.parent().filter(|parent| parent.join(GOVERNANCE).is_dir());
            let beside = beside.or(real.parent()).unwrap_or(&real).join(GOVERNANCE);
            governance(&beside, problems)
        }
        Err(error) => {
            problems.push(whole(folder, format!("cannot be read: {error}; check the path")));
            None
        }
    }
}

fn governance(folder: &Path, problems: &mut Vec<Problem>) -> Option<Above> {
    if !folder.is_dir() {
        problems.push(whole(folder, "is missing; the rules above all agencies must lie there, if only an empty set"));
        return None;
    }
    let before = problems.len();
    let files = Files::read(folder, problems);
    let manifest = Manifest::read(&files, problems)?;
    if manifest.owner != Owner::Governance {
        return None;
    }
    for name in files.texts.keys().filter(|name| !name.ends_with(".cedar") && !name.starts_with("tests/")) {
        if name != crate::files::MANIFEST {
            problems.push(whole(&files.path(name), "does not belong to the governance rules; move it to an agency"));
        }
    }
    manifest.check(&files, problems);
    crate::cases::check(&files, problems);
    match Governance::compile(&files.rules()) {
        Ok(rules) if problems.len() == before => Some(Above { rules, digest: manifest.files_digest(&files) }),
        Ok(_) => None,
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn agency(folder: &Path, above: &Above, problems: &mut Vec<Problem>) -> Option<AgencyPolicy> {
    let before = problems.len();
    let files = Files::read(folder, problems);
    let manifest = Manifest::read(&files, problems)?;
    let Owner::Agency(id) = &manifest.owner else { return None };
    manifest.check(&files, problems);
    crate::cases::check(&files, problems);
    let declared = problems.len();
    let model = model(&files, &manifest, id, above.digest, problems);
    let rules = files.rules();
    if problems.len() > declared {
        // Against wrong declarations every rule would be wrong: that would bury the real problem.
        problems.extend(check_rules(&rules));
        return None;
    }
    if model.services.is_empty() && !rules.is_empty() {
        problems.push(whole(&files.path(RELEASE), "declares no service; rules without services decide on nothing"));
        return None;
    }
    check_schema(&files, &model, problems);
    match compile(model, &rules, &above.rules) {
        Ok(policy) if problems.len() == before => Some(policy),
        Ok(_) => None,
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

pub(crate) fn model(
    files: &Files,
    manifest: &Manifest,
    agency: &AgencyId,
    above: Digest,
    problems: &mut Vec<Problem>,
) -> AgencyModel {
    let own = manifest.files_digest(files);
    AgencyModel {
        agency: agency.clone(),
        version: manifest.version,
        digest: sha256_parts(&[b"mohur policy v1\n", own.as_bytes(), above.as_bytes()]).0,
        purposes: purposes::read(files, problems),
        services: release::read(files, agency, problems),
    }
}

/// Every agency in `root` as if it permitted everything to whoever the cases name: what is refused then, the
/// governance rules refuse.
pub(crate) fn load_generous(root: &Path, cases: &[Case]) -> Result<Vec<AgencyPolicy>, PolicyErrors> {
    let mut problems = Vec::new();
    let mut loaded = Vec::new();
    let above = governance(&root.join(GOVERNANCE), &mut problems);
    for folder in agency_folders(root).unwrap_or_default() {
        let files = Files::read(&folder, &mut problems);
        let (Some(manifest), Some(above)) = (Manifest::read(&files, &mut problems), &above) else { continue };
        let Owner::Agency(agency) = &manifest.owner else { continue };
        let mut model = model(&files, &manifest, agency, above.digest, &mut problems);
        for case in cases.iter().filter(|case| agency.owns(&case.facts.service)) {
            let purpose = model.purposes.entry(case.facts.purpose.clone()).or_insert_with(assumed_purpose);
            purpose.claimants.insert(case.facts.caller.clone());
            purpose.acts_for.extend(case.facts.on_behalf_of.clone());
            (purpose.case_required, purpose.valid_until) = (false, None);
        }
        match compile_generous(model, &above.rules) {
            Ok(policy) => loaded.push(policy),
            Err(found) => problems.extend(found),
        }
    }
    PolicyErrors::or(Some(loaded), problems, root)
}

fn assumed_purpose() -> PurposeRule {
    PurposeRule {
        uri: String::new(),
        law: "assumed".to_owned(),
        dpv: String::new(),
        claimants: BTreeSet::new(),
        acts_for: BTreeSet::new(),
        retention_days: 0,
        case_required: false,
        valid_until: None,
        place: "assumed".to_owned(),
    }
}

/// The schema is for the officer's editor: a stale one would mislead.
fn check_schema(files: &Files, model: &AgencyModel, problems: &mut Vec<Problem>) {
    if files.texts.get(SCHEMA).is_some_and(|text| *text != agency_schema(model)) {
        let what = format!("is not the generated one any more; run `mohur policy seal {}`", files.folder.display());
        problems.push(whole(&files.path(SCHEMA), what));
    }
}
