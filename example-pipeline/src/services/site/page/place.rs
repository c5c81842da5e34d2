//! The button that orders.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Page;
use crate::services::site::events::{Line, OrderPlaced};

/// The most pieces of a product that one click orders.
const MAX_QUANTITY: u32 = 100;
/// The bytes of a request's name: what the page draws at a click.
const REQUEST_BYTES: std::ops::RangeInclusive<usize> = 8..=64;

/// What the page sends. Sent twice, it is one order with one fate, so nothing of the order comes from elsewhere but the
/// product's words and price.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// The click's name.
    request: String,
    /// When the customer clicked, RFC 3339.
    placed_at: String,
    stock_code: String,
    quantity: u32,
}

/// What was placed.
#[derive(Debug, Serialize)]
pub(super) struct Placed {
    order_id: String,
    /// By which the shop's people find it.
    workflow_id: String,
}

/// Why nothing was placed, for the customer.
type Refused = (StatusCode, String);

/// Places the order, and answers once it is on the log.
pub(super) async fn place(State(page): State<Page>, Json(wish): Json<Wish>) -> Result<Json<Placed>, Refused> {
    let order = order(&page, &wish)?;
    let started = page.till.start_with_id(&wish.request, &order).await.map_err(|error| {
        tracing::error!(%error, "an order could not be placed");
        (StatusCode::SERVICE_UNAVAILABLE, "we could not take your order; please try again".to_owned())
    })?;
    Ok(Json(Placed { order_id: order.order_id, workflow_id: started.correlation_id().to_string() }))
}

fn order(page: &Page, wish: &Wish) -> Result<OrderPlaced, Refused> {
    let bad = |what: &str| (StatusCode::BAD_REQUEST, what.to_owned());
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !REQUEST_BYTES.contains(&wish.request.len()) || !wish.request.chars().all(is_name) {
        return Err(bad("a request's name has 8 to 64 letters and digits"));
    }
    if !(1..=MAX_QUANTITY).contains(&wish.quantity) {
        return Err(bad("order 1 to 100 pieces"));
    }
    let Some(product) = page.orders.product(&wish.stock_code) else {
        return Err((StatusCode::NOT_FOUND, "we do not sell that".to_owned()));
    };
    let pence = pence(&product.unit_price, wish.quantity).ok_or_else(|| bad("that has no price"))?;
    let bad_moment = || bad("the click's moment is not one, as in 2026-01-31T12:00:00Z");
    let placed_at = OffsetDateTime::parse(&wish.placed_at, &Rfc3339).map_err(|_| bad_moment())?;
    Ok(OrderPlaced {
        order_id: format!("web-{}", wish.request),
        invoice: invoice(&wish.request),
        customer_id: None,
        country: "United Kingdom".to_owned(),
        placed_at: placed_at.format(&Rfc3339).map_err(|_| bad_moment())?,
        total_pence: pence,
        lines: vec![Line {
            stock_code: wish.stock_code.clone(),
            description: product.description,
            quantity: wish.quantity,
            unit_price: product.unit_price,
            pence,
        }],
        charges: Vec::new(),
    })
}

/// The invoice of a request: the same for the same, and longer than those of files. Its digits are those of FNV-1a.
fn invoice(request: &str) -> String {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = request.bytes().fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("9{hash:020}")
}

/// What so many cost, in pence, rounded as on invoices from files: half to even.
fn pence(unit_price: &str, quantity: u32) -> Option<i64> {
    let pounds: Decimal = unit_price.parse().ok()?;
    let pence = pounds.checked_mul(Decimal::from(quantity))?.checked_mul(Decimal::ONE_HUNDRED)?;
    pence.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointNearestEven).try_into().ok()
}

#[cfg(test)]
mod tests {
    use choreograph::settings::Settings;
    use choreograph::telemetry::Telemetry;
    use choreograph::{EmbeddedBroker, Publisher};

    use super::*;
    use crate::services::site::Orders;

    fn page() -> Page {
        let broker = EmbeddedBroker::start().expect("starts");
        let settings = Settings::read(broker.environment()).expect("reads");
        let till = Publisher::connect("site", &settings, &Telemetry::quiet()).expect("a till");
        let orders = Orders::default();
        orders.sold("85123A", "HEART", "2.55");
        Page { orders, till, catalogue: None, observer: None }
    }

    fn wish(request: &str, placed_at: &str) -> Wish {
        let (request, placed_at) = (request.to_owned(), placed_at.to_owned());
        Wish { request, placed_at, stock_code: "85123A".to_owned(), quantity: 1 }
    }

    #[test]
    fn the_same_request_is_the_same_order_and_another_is_another() {
        let page = page();
        let placed = |request, at| order(&page, &wish(request, at)).expect("is placed");
        let json = |order: &OrderPlaced| serde_json::to_value(order).expect("JSON");
        let first = placed("a-click-1", "2026-01-31T12:00:00.250Z");
        assert_eq!(json(&first), json(&placed("a-click-1", "2026-01-31T12:00:00.250Z")));
        assert!(first.invoice.len() > 9 && first.invoice.bytes().all(|byte| byte.is_ascii_digit()));
        let second = placed("a-click-2", "2026-01-31T12:00:00.250Z");
        assert_ne!((first.order_id, first.invoice), (second.order_id, second.invoice));
        let (status, _) = order(&page, &wish("a-click-1", "yesterday")).expect_err("is refused");
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn prices_are_exact() {
        assert_eq!(pence("2.55", 6), Some(1_530));
        assert_eq!(pence("0.125", 1), Some(12), "half to even");
        assert_eq!(pence("0.135", 1), Some(14), "half to even");
        assert_eq!(pence("free", 1), None);
    }
}
