//! Snapshots as JSON, for programs. Durations are seconds, addresses are hexadecimal text.

use serde_json::{Value, json};
use weftline::park::ObjectState;
use weftline::watch::{
    Contended, Deadlock, Frame, Links, Measured, Object, Party, Pool, QueueDepth, Snapshot, Stacks,
    Wait, Waits,
};

/// The version of this form. A later version only adds members.
const VERSION: u32 = 1;

/// An array with an object for each process.
pub(crate) fn of(snapshots: &[Snapshot]) -> Value {
    snapshots.iter().map(process).collect()
}

fn process(snapshot: &Snapshot) -> Value {
    let links = snapshot.links();
    json!({
        "version": VERSION,
        "pid": snapshot.pid,
        "complete": snapshot.is_whole,
        "stacks": match snapshot.stacks {
            Stacks::Told => "interpreter",
            Stacks::Silent => "silent",
            _ => "none",
        },
        "threads": snapshot.parties.iter().map(|party| thread(&links, party)).collect::<Value>(),
        "objects": snapshot.objects.iter().map(|it| object(&links, it)).collect::<Value>(),
        "pools": snapshot.pools.iter().map(|it| pool(snapshot, it)).collect::<Value>(),
        "queues": snapshot.queues.iter().map(queue).collect::<Value>(),
        "deadlocks": snapshot.deadlocks().iter().map(deadlock).collect::<Value>(),
        "measured": snapshot.measured.as_ref().map(measured),
    })
}

fn queue(queue: &QueueDepth) -> Value {
    json!({
        "address": address(queue.address),
        "name": queue.name,
        "items": queue.items,
        "capacity": queue.capacity,
    })
}

fn measured(measured: &Measured) -> Value {
    json!({
        "seconds": measured.duration.as_secs_f64(),
        "goes_on": measured.goes_on,
        "waits": measured.waits.iter().map(waits).collect::<Value>(),
        "contended": measured.contended.iter().map(contended).collect::<Value>(),
    })
}

/// The histogram has the waits of at most 2ᵏ microseconds at k, and all longer ones at its end.
fn waits(waits: &Waits) -> Value {
    json!({
        "kind": format!("{:?}", waits.kind),
        "count": waits.count,
        "seconds": waits.total.as_secs_f64(),
        "timed_out": waits.timed_out,
        "interrupted": waits.interrupted,
        "histogram": waits.histogram,
    })
}

fn contended(contended: &Contended) -> Value {
    json!({
        "kind": format!("{:?}", contended.kind),
        "object": address(contended.address),
        "name": contended.name,
        "count": contended.count,
        "overestimate": contended.overestimate,
        "seconds": contended.total.as_secs_f64(),
    })
}

fn address(address: u64) -> String {
    format!("{address:#x}")
}

fn thread(links: &Links<'_>, party: &Party) -> Value {
    json!({
        "number": party.number,
        "task": party.is_task,
        "name": party.name,
        "main": party.is_main,
        "ident": party.os_ident,
        "tid": (party.native_id != 0).then_some(party.native_id),
        "waits": party.wait.as_ref().map(wait),
        "holds": links.held_by(party.number).map(|it| address(it.address)).collect::<Value>(),
        "stack": party.stack.iter().map(frame).collect::<Value>(),
    })
}

fn wait(wait: &Wait) -> Value {
    json!({
        "object": address(wait.object),
        "kind": format!("{:?}", wait.kind),
        "seconds": wait.waited.as_secs_f64(),
        "times_out_in": wait.times_out_in.map(|left| left.as_secs_f64()),
        "site": wait.site.as_ref().map(frame),
        "steady": wait.is_steady,
    })
}

fn frame(frame: &Frame) -> Value {
    json!({"function": frame.function, "file": frame.file, "line": frame.line})
}

fn object(links: &Links<'_>, object: &Object) -> Value {
    let waiters = links.waiters(object.address);
    json!({
        "address": address(object.address),
        "name": object.name,
        "state": object.state.map(state),
        "holders": object.holders,
        "waiters": waiters.map(|(party, _)| party.number).collect::<Value>(),
    })
}

fn pool(snapshot: &Snapshot, pool: &Pool) -> Value {
    let workers = snapshot.workers(pool.number);
    json!({
        "number": pool.number,
        "workers": workers.map(|party| party.number).collect::<Value>(),
        "waiting": pool.waiting,
    })
}

fn state(state: ObjectState) -> Value {
    match state {
        ObjectState::Free => json!({"is": "free"}),
        ObjectState::Held { by, times, .. } => {
            json!({"is": "held", "by": by.get(), "times": times})
        }
        ObjectState::Read { readers } => json!({"is": "read", "readers": readers}),
        ObjectState::Permits { free, bound } => {
            json!({"is": "permits", "free": free, "bound": bound})
        }
        ObjectState::Flag { is_set } => json!({"is": "flag", "set": is_set}),
        ObjectState::Parties { arrived, parties } => {
            json!({"is": "parties", "arrived": arrived, "parties": parties})
        }
        ObjectState::Queue {
            capacity,
            unfinished,
        } => json!({"is": "queue", "capacity": capacity, "unfinished": unfinished}),
        ObjectState::Pending { pool } => json!({"is": "pending", "pool": pool}),
        ObjectState::Running { pool } => json!({"is": "running", "pool": pool}),
        ObjectState::Finished => json!({"is": "finished"}),
        ObjectState::Thread { number } => json!({"is": "thread", "number": number.get()}),
        ObjectState::Awaits { count } => json!({"is": "awaited", "count": count}),
        _ => Value::Null,
    }
}

fn deadlock(deadlock: &Deadlock) -> Value {
    json!({
        "verdict": deadlock.verdict.name(),
        "threads": deadlock.circle,
    })
}
