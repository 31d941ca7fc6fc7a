//! One client object for all threads, with a connection for each of them.
//!
//! The server runs in this program. It answers each line with the number of the connection that the
//! line came through.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use weftline::{Barrier, Local, Lock, scope};

const CLIENTS: usize = 3;

type Connection = RefCell<BufReader<TcpStream>>;

/// Connects each thread at its first question.
struct Client<F>(Local<Connection, F>);

fn client_of(address: SocketAddr) -> Client<impl Fn() -> Connection> {
    Client(Local::new(move || {
        let connection = TcpStream::connect(address).expect("the server listens");
        RefCell::new(BufReader::new(connection))
    }))
}

impl<F: Fn() -> Connection> Client<F> {
    /// Asks over the calling thread's own connection.
    fn ask(&self, question: &str) -> Result<String> {
        self.0.with(|connection| {
            let mut connection = connection.borrow_mut();
            writeln!(connection.get_mut(), "{question}")?;
            let mut answer = String::new();
            connection.read_line(&mut answer)?;
            Ok(answer.trim_end().to_owned())
        })
    }
}

fn answer(connection: TcpStream, number: usize) -> Result<()> {
    let mut answers = connection.try_clone()?;
    for question in BufReader::new(connection).lines() {
        let _ = question?;
        writeln!(answers, "connection {number}")?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = client_of(listener.local_addr()?);
    let (used, all_are_connected) = (Lock::new(BTreeSet::new()), Barrier::new(CLIENTS));
    scope(|s| {
        s.spawn(|| {
            for (number, connection) in (0..CLIENTS).zip(listener.incoming()) {
                let connection = connection.expect("a client connects");
                s.spawn(move || answer(connection, number));
            }
        });
        let threads: Vec<_> = (0..CLIENTS)
            .map(|_| {
                s.spawn(|| {
                    let first = client.ask("which one is this?")?;
                    all_are_connected.wait().expect("all connect");
                    let is_same = client.ask("and now?")? == first;
                    used.lock().insert(first);
                    Ok(is_same)
                })
            })
            .collect();
        for thread in threads {
            let is_same: Result<bool> = thread.join().expect("no thread panics");
            println!("the same connection for both questions: {}", is_same?);
        }
        println!("connections: {}", used.lock().len());
        Ok(())
    })
}
