//! The component's memory: handed out from the lower end up, and never taken back.
//!
//! An instance lives for one call and its memory ends with it, so tidying up in between would be for nobody; and the
//! code that tidies up, a thirteenth of the component, is not even compiled in. What is handed out begins where the
//! linker says that memory is free, and so uses the pages that an instance starts with before it asks for more: growing
//! a memory costs the host two changes of its page tables.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;
use core::ptr;

const PAGE: usize = 64 << 10;

#[global_allocator]
static HEAP: Heap = Heap {
    free: Cell::new(None),
};

struct Heap {
    /// The address after the last block; none before the first.
    free: Cell<Option<usize>>,
}

unsafe extern "C" {
    /// The linker's: the end of stack and static data.
    static __heap_base: u8;
}

impl Heap {
    /// Everything from `start` on is free but for these bytes; null when there is no memory for them.
    fn end_with(&self, start: usize, size: usize) -> *mut u8 {
        let Some(end) = start.checked_add(size) else {
            return ptr::null_mut();
        };
        let missing = end.saturating_sub(memory_size(0) * PAGE).div_ceil(PAGE);
        if missing > 0 && memory_grow(0, missing) == usize::MAX {
            return ptr::null_mut();
        }
        self.free.set(Some(end));
        ptr::with_exposed_provenance_mut(start)
    }

    fn is_last(&self, block: *mut u8, layout: Layout) -> bool {
        self.free.get() == Some(block.addr() + layout.size())
    }
}

// SAFETY: a component has one thread.
unsafe impl Sync for Heap {}

// SAFETY: blocks begin at a multiple of their alignment, behind every block that is still in use, and within memory.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let free = self.free.get();
        let free = free.unwrap_or_else(|| (&raw const __heap_base).expose_provenance());
        match free.checked_next_multiple_of(layout.align()) {
            Some(start) => self.end_with(start, layout.size()),
            None => ptr::null_mut(),
        }
    }

    /// Nothing; inlined, so that the compiler drops what leads here.
    #[inline(always)]
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.is_last(block, layout) {
            return self.end_with(block.addr(), size);
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller's size is one of a layout; the new block overlaps no other.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}
