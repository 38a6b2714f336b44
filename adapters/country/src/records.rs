//! What the registers hold, as rows of their tables.

pub(crate) mod border;
pub(crate) mod civil;
pub(crate) mod contradictions;
pub(crate) mod documents;
pub(crate) mod road;
pub(crate) mod state;

use crate::district::District;
use crate::table::Sheets;

/// Every row of a district.
pub(crate) fn write(district: &District, sheets: &mut Sheets) {
    civil::write(district, sheets);
    documents::write(district, sheets);
    border::write(district, sheets);
    road::write(district, sheets);
    state::write(district, sheets);
}
