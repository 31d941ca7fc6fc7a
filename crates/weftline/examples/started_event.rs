//! A thread announces that it is ready. Only then does the main thread go on.

use std::sync::Arc;

use weftline::{Event, spawn};

fn open_up(is_open: &Event) {
    println!("the shutters go up");
    println!("the lights go on");
    is_open.set();
}

fn main() {
    let is_open = Arc::new(Event::new());
    println!("a customer waits");
    let shop = spawn({
        let is_open = is_open.clone();
        move || open_up(&is_open)
    });
    is_open.wait();
    println!("the customer comes in");
    shop.join().expect("nothing goes wrong");
}
