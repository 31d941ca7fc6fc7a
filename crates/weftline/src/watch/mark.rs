//! The mark of a process that answers requests: a mapping whose name others see in
//! `/proc/PID/maps`.
//!
//! A request is a signal, and a signal that a program does not expect may end it. That a process
//! catches the signal does not show what it does then. So a process that answers has a page of
//! memory with a name that tells the signal. The page is no file, stays over a fork as the handler
//! does, and is gone after `exec` as the handler is. Reading the name needs no right to trace.

use std::ffi::{CStr, c_int};
use std::io::{BufRead, BufReader};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

const NAME: &str = "weftline-answers:";

/// The page, while there is one.
static PAGE: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());

fn page_size() -> usize {
    // SAFETY: it only reads.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// Shows that this process answers to `signal`. `false`: the system has no such page.
pub(super) fn set(signal: c_int) -> bool {
    let mut name = *b"weftline-answers:00\0";
    name[17] = b'0' + (signal / 10) as u8;
    name[18] = b'0' + (signal % 10) as u8;
    let name = CStr::from_bytes_with_nul(&name).expect("it ends with the only nul");
    let Some(page) = of_memory_file(name).or_else(|| of_named_memory(name)) else {
        return false;
    };
    let previous = PAGE.swap(page, Ordering::AcqRel);
    unmap(previous);
    true
}

/// Takes the mark away. Safe in a signal handler.
pub(super) fn clear() {
    unmap(PAGE.swap(ptr::null_mut(), Ordering::AcqRel));
}

fn unmap(page: *mut libc::c_void) {
    if !page.is_null() {
        // SAFETY: mapped by this file, and taken out of `PAGE`.
        unsafe { libc::munmap(page, page_size()) };
    }
}

fn of_memory_file(name: &CStr) -> Option<*mut libc::c_void> {
    // SAFETY: the name is valid.
    let file = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if file < 0 {
        return None;
    }
    let file = super::os::Descriptor(file);
    map(libc::MAP_SHARED, file.0)
}

fn of_named_memory(name: &CStr) -> Option<*mut libc::c_void> {
    const PR_SET_VMA: c_int = 0x5356_4d41;
    const PR_SET_VMA_ANON_NAME: c_int = 0;
    let page = map(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
    // SAFETY: the page is this function's own, and the name is valid.
    let failed = unsafe {
        libc::prctl(
            PR_SET_VMA,
            PR_SET_VMA_ANON_NAME,
            page,
            page_size(),
            name.as_ptr(),
        )
    };
    if failed != 0 {
        unmap(page);
        return None;
    }
    Some(page)
}

fn map(flags: c_int, file: c_int) -> Option<*mut libc::c_void> {
    // SAFETY: a new mapping, where the system wants it. No thread touches it.
    let page = unsafe {
        libc::mmap(
            ptr::null_mut(),
            page_size(),
            libc::PROT_NONE,
            flags,
            file,
            0,
        )
    };
    (page != libc::MAP_FAILED).then_some(page)
}

/// The signal to which that process answers; `None` if it does not.
///
/// # Errors
/// When the process does not exist, or belongs to another user.
pub fn is_marked(pid: u32) -> std::io::Result<Option<i32>> {
    let maps = std::fs::File::open(format!("/proc/{pid}/maps"))?;
    for line in BufReader::new(maps).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if let Some(at) = line.find(NAME) {
            let digits = line[at + NAME.len()..].get(..2);
            return Ok(digits.and_then(|digits| digits.parse().ok()));
        }
    }
    Ok(None)
}
