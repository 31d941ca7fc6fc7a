//! A pool of threads that fetches pages: results in the order of the requests, results in the order
//! of their arrival, and a failed request.
//!
//! The pages come from a server that the program starts for itself.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use weftline::{Builder, Executor, TaskError, ThreadPoolExecutor, as_completed};

/// The pages 1 to 5, each a hundred letters longer than the one before.
fn page(path: &str) -> Option<String> {
    let number: usize = path.strip_prefix("/page/")?.parse().ok()?;
    (1..=5).contains(&number).then(|| "x".repeat(100 * number))
}

fn serve(mut client: TcpStream) -> Result<()> {
    let mut request = String::new();
    BufReader::new(&client).read_line(&mut request)?;
    let path = request.split(' ').nth(1).unwrap_or("");
    match page(path) {
        Some(page) => write!(client, "HTTP/1.0 200 OK\r\n\r\n{page}"),
        None => write!(client, "HTTP/1.0 404 Not Found\r\n\r\n"),
    }
}

/// Fetches a page and returns its text. Panics when there is none, which fails its future.
fn fetch(server: SocketAddr, path: &str) -> String {
    let mut connection = TcpStream::connect(server).expect("the server is there");
    write!(connection, "GET {path} HTTP/1.0\r\n\r\n").expect("the server listens");
    let mut answer = String::new();
    connection
        .read_to_string(&mut answer)
        .expect("the server answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status");
    assert!(status == "200", "{status}");
    body.to_owned()
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = listener.local_addr().expect("bound");
    let serving = Builder::new().name("server").daemon(true).spawn(move || {
        let clients = ThreadPoolExecutor::new(4);
        for client in listener.incoming().flatten() {
            drop(clients.submit(move || serve(client)));
        }
    });
    drop(serving.expect("a thread"));

    let pool = ThreadPoolExecutor::builder()
        .max_workers(3)
        .thread_name_prefix("fetch")
        .build();
    let first = pool.submit(move || fetch(server, "/page/1")).unwrap();
    println!(
        "the first page has {} letters",
        first.result().unwrap().len()
    );

    let pages = pool.map(1..=5, move |number| {
        fetch(server, &format!("/page/{number}"))
    });
    let lengths: Vec<String> = pages.map(|page| page.unwrap().len().to_string()).collect();
    println!("in order: {}", lengths.join(" "));

    let futures = (1..=5).map(|number| {
        let task = move || fetch(server, &format!("/page/{number}"));
        pool.submit(task).unwrap()
    });
    let arrived: HashSet<usize> = as_completed(futures)
        .map(|future| future.result().unwrap().len())
        .collect();
    println!("as they arrive: {} pages", arrived.len());

    let missing = pool.submit(move || fetch(server, "/page/none")).unwrap();
    let Some(TaskError::Panicked(panic)) = missing.exception() else {
        unreachable!("there is no such page");
    };
    println!("a page that is not there: {}", panic.message());
}
