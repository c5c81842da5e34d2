//! A registry of the tests' own, which has GUIDs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

/// The header `authorization` of the name and the password of the tests.
const AUTHORIZATION: &str = "Basic cGF5bWVudDpjYW5hcnktWnE5";
pub(crate) const USER: &str = "payment";
pub(crate) const PASSWORD: &str = "canary-Zq9";

/// The GUID of the contract that was asked about, or registered, after so many others.
pub(crate) fn guid(number: usize) -> String {
    format!("01020304-0506-0708-090a-0b0c0d0e0f{:02x}", 0x10 + number)
}

/// What was asked: the subject and the contract.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// A registry that knows every contract of who logs in.
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    asked: Asked,
    runtime: Option<Runtime>,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Asked::default();
        let routes = Router::new()
            .route("/subjects/{subject}", post(known))
            .route("/subjects/{subject}/versions", post(known))
            .route("/schemas/guids/{guid}", get(written))
            .with_state(Arc::clone(&asked));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { address, asked, runtime: Some(runtime) }
    }

    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn is_let_in(headers: &HeaderMap) -> Result<(), StatusCode> {
    match headers.get("authorization").and_then(|value| value.to_str().ok()) {
        Some(AUTHORIZATION) => Ok(()),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn known(
    Shared(asked): Shared<Asked>,
    Path(subject): Path<String>,
    headers: HeaderMap,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    is_let_in(&headers)?;
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let number = asked.iter().position(|(_, it)| *it == question).unwrap_or(asked.len());
    asked.push((subject, question));
    Ok(Json(json!({ "id": number, "guid": guid(number), "version": 1 })))
}

/// The contract of a GUID.
async fn written(
    Shared(asked): Shared<Asked>,
    Path(wanted): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    is_let_in(&headers)?;
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let found = asked.iter().enumerate().find(|(number, _)| guid(*number) == wanted);
    let (_, (_, question)) = found.ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({ "guid": wanted, "schemaType": "JSON", "schema": question["schema"] })))
}
