//! The button that orders.

use std::time::{SystemTime, UNIX_EPOCH};

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

/// What the page sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// The click's name: sent twice, it is one order.
    request: String,
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
    let now = SystemTime::now();
    let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Ok(OrderPlaced {
        order_id: format!("web-{}", wish.request),
        invoice: format!("9{millis:013}"),
        customer_id: None,
        country: "United Kingdom".to_owned(),
        placed_at: OffsetDateTime::from(now).format(&Rfc3339).unwrap_or_default(),
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

/// What so many cost, in pence, rounded as the till does: half away from zero.
fn pence(unit_price: &str, quantity: u32) -> Option<i64> {
    let pounds: Decimal = unit_price.parse().ok()?;
    let pence = pounds.checked_mul(Decimal::from(quantity))?.checked_mul(Decimal::ONE_HUNDRED)?;
    pence.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact() {
        assert_eq!(pence("2.55", 6), Some(1_530));
        assert_eq!(pence("0.125", 1), Some(13));
        assert_eq!(pence("free", 1), None);
    }
}
