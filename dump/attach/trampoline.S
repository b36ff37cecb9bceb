/* Runs in the target, in the padding behind some file's code, on the stopped thread's own stack.
 *
 * Enters with rsp 136 below what the thread had: the 128 bytes of the red zone, and at rsp the address to go on at. Saves
 * everything, calls what is safe, restores everything; `ret $128` goes on and restores rsp in one instruction, so no place
 * outside this thread's stack holds its way back. hs_once is what CPython calls: at most once, whichever way.
 */
#include "dump/attach/mailbox.h"

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
    movl $1, HS_MAILBOX_STARTED(%rbp)

    /* Vector and floating-point state: XSAVE wants 64-byte alignment and zeroes in its header (bytes 512 to 575). */
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

    /* Take the GIL only in a thread that waits without it. PyGILState_Check() is 1 in the one that holds it, and always where
       subinterpreters were made: those wait for a pending call. */
    testl $HS_MAY_CALL, HS_MAILBOX_FLAGS(%rbp)
    jz queue
    call *HS_MAILBOX_GIL_CHECK(%rbp)
    test %eax, %eax
    jnz queue
    testl $HS_OTHER_THREAD, HS_MAILBOX_FLAGS(%rbp)
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
    call hs_once
    mov %r14d, %edi
    call *HS_MAILBOX_GIL_RELEASE(%rbp)
    jmp leave_trampoline
queue:
    movl $HS_WAY_PENDING, HS_MAILBOX_WAY(%rbp)
    lea hs_once(%rip), %rdi
    xor %esi, %esi
    call *HS_MAILBOX_ADD_PENDING(%rbp)
    mov %eax, HS_MAILBOX_QUEUED(%rbp)

leave_trampoline:
    call *HS_MAILBOX_ERRNO(%rbp)
    mov %r13d, (%rax)
    mov HS_MAILBOX_SAVE_LOW(%rbp), %eax
    mov HS_MAILBOX_SAVE_HIGH(%rbp), %edx
    xrstor64 (%r12)
    movl $1, HS_MAILBOX_LEFT(%rbp)
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
    ret $128

/* int once(void *): always 0, since a pending call that fails without an exception is a SystemError in the program. */
hs_once:
    push %rbx
    push %rbp
    push %r12
    mov mailbox(%rip), %rbp
    mov $HS_ONCE_CLAIMED, %eax
    xchg %eax, HS_MAILBOX_ONCE(%rbp)
    test %eax, %eax
    jnz 2f
    lea HS_MAILBOX_PATH(%rbp), %rdi
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
