//! Taking goods back.

use choreograph::In;

use super::dispatch::changes;
use super::events::{ReturnAnnounced, ReturnReceived, StockChanged};

/// Puts the goods of a return back on their shelves.
pub(super) async fn take_back(returned: In<ReturnAnnounced>) -> (ReturnReceived, Vec<StockChanged>) {
    let ReturnAnnounced { return_id, invoice, total_pence, lines } = returned.into_inner();
    (ReturnReceived { return_id, invoice, total_pence }, changes(&lines, 1))
}
