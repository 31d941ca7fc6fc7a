//! Items of 64 bytes from one process to another, until the last has arrived there.

use crate::measure::{Contestant, NANOS, Report, per_operation};
use crate::python;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcSender};
use std::io::{PipeReader, Read, Write};
use std::time::Instant;
use weftline::process::{Descriptor, Queue, Semaphore, register, spawn};

type Item = String;

fn item() -> Item {
    "x".repeat(64)
}

fn from_queue(items: Queue<Item>, done: Semaphore) {
    for item in &items {
        // An empty one ends a round.
        if item.is_empty() {
            done.release(1).expect("few");
        }
    }
}

fn from_pipe(reader: Descriptor, done: Semaphore) {
    let mut reader = PipeReader::from(reader.into_inner());
    let mut item = [0; 64];
    while reader.read_exact(&mut item).is_ok() {
        if item[0] == 0 {
            done.release(1).expect("few");
        }
    }
}

fn from_ipc(server: String, done: Semaphore) {
    let (sender, receiver) = ipc::channel::<Item>().expect("a channel");
    let parent = IpcSender::connect(server).expect("the parent");
    parent.send(sender).expect("sent");
    while let Ok(item) = receiver.recv() {
        if item.is_empty() {
            done.release(1).expect("few");
        }
    }
}

register!(from_queue);
register!(from_pipe);
register!(from_ipc);

pub(crate) fn measure(report: &mut Report) {
    const ROW: &str = "Queue of 64 bytes, to another process";
    if !report.wants(ROW) {
        return;
    }
    let done = || Semaphore::new(0).expect("memory");
    let arrived = |done: &Semaphore| done.acquire(1).expect("alive").forget();

    let (queue, queue_done) = (Queue::bounded(1024).expect("memory"), done());
    let reader = spawn(from_queue, (queue.clone(), queue_done.clone())).expect("started");
    let end = queue.clone();

    let (pipe, mut writer) = std::io::pipe().expect("a pipe");
    let pipe_done = done();
    let piped = spawn(from_pipe, (Descriptor::from(pipe), pipe_done.clone())).expect("started");

    let (server, name) = IpcOneShotServer::<IpcSender<Item>>::new().expect("a server");
    let ipc_done = done();
    let received = spawn(from_ipc, (name, ipc_done.clone())).expect("started");
    let (_, sender) = server.accept().expect("the child");

    let mut contestants = vec![
        Contestant::timed("weftline", move |n| {
            for _ in 0..n {
                queue.put(item()).expect("alive");
            }
            queue.put(String::new()).expect("alive");
            arrived(&queue_done);
        }),
        Contestant::timed("pipe", move |n| {
            for _ in 0..n {
                writer.write_all(item().as_bytes()).expect("alive");
            }
            writer.write_all(&[0; 64]).expect("alive");
            arrived(&pipe_done);
        }),
        Contestant::timed("ipc-channel", move |n| {
            for _ in 0..n {
                sender.send(item()).expect("alive");
            }
            sender.send(String::new()).expect("alive");
            arrived(&ipc_done);
        }),
    ];
    if let Some(mut python) = python::Script::start(python::QUEUE) {
        contestants.push(Contestant::new("multiprocessing.Queue", move |n| {
            vec![python.run(n)]
        }));
    }
    report.row(ROW, 50_000, &[NANOS], contestants);
    end.shutdown(false);
    reader.join().expect("well");
    piped.join().expect("well");
    received.join().expect("well");
    there_and_back(report);
}

fn echo(there: Queue<Item>, back: Queue<Item>) {
    for item in &there {
        back.put(item).expect("alive");
    }
}

fn echo_pipe(there: Descriptor, back: Descriptor) {
    let mut there = PipeReader::from(there.into_inner());
    let mut back = std::fs::File::from(back.into_inner());
    let mut item = [0; 64];
    while there.read_exact(&mut item).is_ok() {
        back.write_all(&item).expect("alive");
    }
}

register!(echo);
register!(echo_pipe);

fn there_and_back(report: &mut Report) {
    let (there, back) = (
        Queue::bounded(16).expect("memory"),
        Queue::bounded(16).expect("memory"),
    );
    let child = spawn(echo, (there.clone(), back.clone())).expect("started");
    let end = there.clone();
    let (their_reader, mut writer) = std::io::pipe().expect("a pipe");
    let (mut reader, their_writer) = std::io::pipe().expect("a pipe");
    let theirs = (
        Descriptor::from(their_reader),
        Descriptor::from(their_writer),
    );
    let piped = spawn(echo_pipe, theirs).expect("started");
    report.row(
        "64 bytes there and back",
        10_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |n| {
                for _ in 0..n {
                    there.put(item()).expect("alive");
                    back.get().expect("alive");
                }
            }),
            Contestant::new("pipe", move |n| {
                let start = Instant::now();
                let mut back = [0; 64];
                for _ in 0..n {
                    writer.write_all(item().as_bytes()).expect("alive");
                    reader.read_exact(&mut back).expect("alive");
                }
                vec![per_operation(start.elapsed(), n)]
            }),
        ],
    );
    end.shutdown(false);
    child.join().expect("well");
    piped.join().expect("well");
}
