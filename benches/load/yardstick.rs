//! The bare handler: what this machine's HTTP alone can do. Same request, same parsing, no rules, no journal.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::process::Program;

/// Open connections a worker; the yardstick is not what ends first.
const CONNECTIONS_MAX: usize = 4_096;

/// Starts this program again as the bare handler.
pub(super) fn start(workers: usize, logs: &Path) -> Result<Program> {
    let own = std::env::current_exe().context("finding this program")?;
    Program::start(
        "yardstick",
        Command::new(own).args(["yardstick", "--workers", &workers.to_string()]),
        logs,
    )
}

/// Is the bare handler, until it is killed.
pub(super) fn serve(workers: usize) -> ExitCode {
    match actix_web::rt::System::new().block_on(handle(workers)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yardstick: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn handle(workers: usize) -> std::io::Result<()> {
    let server = HttpServer::new(|| App::new().route("/v1/orders", web::post().to(take)))
        .workers(workers.max(1))
        .max_connections(CONNECTIONS_MAX)
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
    let address = server.addrs().first().copied().ok_or_else(|| std::io::Error::other("bound to nothing"))?;
    println!("yardstick listening on http://{address}");
    server.run().await
}

async fn take(order: web::Json<Order>) -> HttpResponse {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let order = order.into_inner();
    let total = order.lines.iter().map(|line| line.quantity * line.unit_price).sum();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let taken = Taken { id: format!("ord_{number:026}"), status: "pending", currency: order.currency, total };
    HttpResponse::Accepted().json(taken)
}

/// The body of an order. Every field is read, as a server must that keeps it.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Order {
    customer: Customer,
    currency: String,
    lines: Vec<Line>,
    shipping_address: Address,
    payment: Payment,
    metadata: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Customer {
    id: String,
    email: String,
    ip: std::net::IpAddr,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Line {
    sku: String,
    quantity: u64,
    unit_price: u64,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Address {
    name: String,
    line1: String,
    city: String,
    postal_code: String,
    country: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Payment {
    payment_method: String,
}

#[derive(Debug, Serialize)]
struct Taken {
    id: String,
    status: &'static str,
    currency: String,
    total: u64,
}
