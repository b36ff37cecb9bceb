/* Runs in the target, in the padding behind some file's code, on the stopped thread's own stack.
 *
 * Enters with rsp 144 below what the thread had: the 128 bytes of the red zone, and at rsp the address to go
 * on at and the flags. Saves everything, calls what is safe, restores everything; `ret $136` goes on and
 * restores rsp in one instruction, so no place outside this thread's stack holds its way back. hs_once is
 * what CPython calls: at most once, whichever way.
 */
#include "dump/attach/mailbox.h"

/* Seen from rsp after the pushes, which rbx keeps. */
#define SAVED_RAX 112
#define SAVED_RIP 128
#define FLAGS     136
#define SYSCALL_BYTES 2 /* the length of the instruction */
#define MINUS_EINTR   -4
#define NR_GETPID     39

    .text
    .globl hs_trampoline_start, hs_trampoline_entry, hs_trampoline_end
    .hidden hs_trampoline_start, hs_trampoline_entry, hs_trampoline_end
    .p2align 4
hs_trampoline_start:
mailbox:
    .quad 0
hs_trampoline_entry:
    pushfq
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov mailbox(%rip), %rbp
    lock incl HS_MAILBOX_ENTERED(%rbp)

    /* Vector and floating-point state: XSAVE wants 64-byte alignment and zeroes in its header (bytes 512 to
     * 575). */
    mov %rsp, %rbx
    sub HS_MAILBOX_SAVE_BYTES(%rbp), %rsp
    and $-64, %rsp
    mov %rsp, %r12
    lea 512(%rsp), %rdi
    mov $8, %ecx
    xor %eax, %eax
    rep stosq
    mov HS_MAILBOX_SAVE_LOW(%rbp), %eax
    mov HS_MAILBOX_SAVE_HIGH(%rbp), %edx
    xsave64 (%r12)

    call *HS_MAILBOX_ERRNO(%rbp)
    mov (%rax), %r13d

    /* Take the GIL only in a thread that waits without it. PyGILState_Check() is 1 in the one that holds it,
     * and always where subinterpreters were made: those wait for a pending call. */
    testl $HS_MAY_CALL, FLAGS(%rbx)
    jz queue
    call *HS_MAILBOX_GIL_CHECK(%rbp)
    test %eax, %eax
    jnz queue
    testl $HS_OTHER_THREAD, FLAGS(%rbx)
    jz direct
    call *HS_MAILBOX_THIS_THREAD(%rbp)
    test %rax, %rax
    jnz direct
    movl $HS_WAY_FOREIGN, HS_MAILBOX_WAY(%rbp)
    jmp leave_trampoline
direct:
    movl $HS_WAY_DIRECT, HS_MAILBOX_WAY(%rbp)
    call *HS_MAILBOX_GIL_ENSURE(%rbp)
    mov %eax, %r14d
    xor %edi, %edi
    call hs_once
    mov %r14d, %edi
    call *HS_MAILBOX_GIL_RELEASE(%rbp)
    jmp leave_trampoline
queue:
    movl $HS_WAY_PENDING, HS_MAILBOX_WAY(%rbp)
    cmpl $0, HS_MAILBOX_OUTSTANDING(%rbp)
    jg leave_trampoline
    lock incl HS_MAILBOX_OUTSTANDING(%rbp)
    lea hs_once(%rip), %rdi
    mov %rbp, %rsi
    call *HS_MAILBOX_ADD_PENDING(%rbp)
    test %eax, %eax
    jz leave_trampoline
    lock decl HS_MAILBOX_OUTSTANDING(%rbp)
    movl $HS_WAY_FULL, HS_MAILBOX_WAY(%rbp)

leave_trampoline:
    call *HS_MAILBOX_ERRNO(%rbp)
    mov %r13d, (%rax)
    testl $HS_RESTARTS, FLAGS(%rbx)
    jz restore
    mov HS_MAILBOX_SIGNALS(%rbp), %rax
    test %rax, %rax
    jz restore
    cmpl $0, (%rax)
    jz restore
    /* The signal would have ended the system call; its handler has run, and waiting again would leave it
     * unheard. */
    addq $SYSCALL_BYTES, SAVED_RIP(%rbx)
    movq $MINUS_EINTR, SAVED_RAX(%rbx)
restore:
    mov HS_MAILBOX_SAVE_LOW(%rbp), %eax
    mov HS_MAILBOX_SAVE_HIGH(%rbp), %edx
    xrstor64 (%r12)
    lock incl HS_MAILBOX_LEFT(%rbp)
    mov %rbx, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    popfq
    ret $136

/* int once(void *queued): always 0, since a pending call that fails without an exception is a SystemError in
 * the program. Does nothing in a process that the target forked, nor when the tool has cancelled. */
hs_once:
    push %rbx
    push %rbp
    push %r12
    mov mailbox(%rip), %rbp
    test %rdi, %rdi
    jz 4f
    lock decl HS_MAILBOX_OUTSTANDING(%rbp)
4:  mov $NR_GETPID, %eax
    syscall
    cmp %eax, HS_MAILBOX_PID(%rbp)
    jne 2f
    xor %eax, %eax /* HS_ONCE_WAITING */
    mov $HS_ONCE_CLAIMED, %ecx
    lock cmpxchg %ecx, HS_MAILBOX_ONCE(%rbp)
    jne 2f
    cmpl $0, HS_MAILBOX_CANCELLED(%rbp)
    je 5f
    movl $HS_ONCE_CLOSED, HS_MAILBOX_ONCE(%rbp)
    jmp 2f
5:  lea HS_MAILBOX_PATH(%rbp), %rdi
    mov $2, %esi /* RTLD_NOW */
    call *HS_MAILBOX_DLOPEN(%rbp)
    mov %rax, %rbx
    mov $HS_RESULT_NO_LIBRARY, %r12d
    test %rax, %rax
    jz 1f
    mov %rbx, %rdi
    lea HS_MAILBOX_ENTRY(%rbp), %rsi
    call *HS_MAILBOX_DLSYM(%rbp)
    mov $HS_RESULT_NO_ENTRY, %r12d
    test %rax, %rax
    jz 3f
    lea HS_MAILBOX_ORDER(%rbp), %rdi
    call *%rax
    mov %eax, %r12d
3:  mov %rbx, %rdi
    call *HS_MAILBOX_DLCLOSE(%rbp)
1:  mov %r12d, HS_MAILBOX_RESULT(%rbp)
    movl $HS_ONCE_DONE, HS_MAILBOX_ONCE(%rbp)
2:  xor %eax, %eax
    pop %r12
    pop %rbp
    pop %rbx
    ret
hs_trampoline_end:
    .section .note.GNU-stack,"",@progbits
