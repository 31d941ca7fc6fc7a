//! A server that answers in capitals, with a thread for each connection, and three clients that
//! talk to it at the same time.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use weftline::{Barrier, scope};

const CLIENTS: [(&str, [&str; 2]); 3] = [
    ("Ada", ["good morning", "two rolls, please"]),
    ("Ben", ["hello", "is there any cake?"]),
    ("Cleo", ["hi", "grüße"]),
];

fn shout(connection: TcpStream) -> Result<()> {
    let mut answers = connection.try_clone()?;
    for line in BufReader::new(connection).lines() {
        writeln!(answers, "{}", line?.to_uppercase())?;
    }
    Ok(())
}

fn talk(address: SocketAddr, lines: &[&str], all_are_connected: &Barrier) -> Result<Vec<String>> {
    let mut connection = BufReader::new(TcpStream::connect(address)?);
    all_are_connected.wait().expect("all connect");
    let mut answers = Vec::new();
    for line in lines {
        writeln!(connection.get_mut(), "{line}")?;
        let mut answer = String::new();
        connection.read_line(&mut answer)?;
        answers.push(answer.trim_end().to_owned());
    }
    Ok(answers)
}

fn main() -> Result<()> {
    // Port 0 is any free port.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let all_are_connected = Barrier::new(CLIENTS.len());
    scope(|s| {
        s.spawn(|| {
            for connection in listener.incoming().take(CLIENTS.len()) {
                let connection = connection.expect("a client connects");
                s.spawn(|| shout(connection).expect("the client listens"));
            }
        });
        let all_are_connected = &all_are_connected;
        let clients = CLIENTS.map(|(name, lines)| {
            let client = s.builder().name(name);
            client.spawn(move || talk(address, &lines, all_are_connected))
        });
        for client in clients {
            let client = client?;
            let name = client.name();
            let answers = client.join().expect("no client panics")?;
            println!("{name} hears: {}", answers.join(" / "));
        }
        Ok(())
    })
}
