/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The parts of the kernel the programs look at, declared by hand with just the fields in use. CO-RE moves
 * every access to where the field is on the running kernel, so order and neighbours do not matter here. */
#ifndef UNDERSPAN_KERNEL_H
#define UNDERSPAN_KERNEL_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;

#define NULL ((void *)0)
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6
#define MSG_OOB 0x1
#define MSG_PEEK 0x2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000
#define SHUTDOWN_MASK 3

/* include/net/tcp_states.h; uapi since the tracepoint prints them */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_FIN_WAIT1 4
#define TCP_CLOSE 7
#define TCP_LAST_ACK 9
#define TCP_LISTEN 10

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
    unsigned int inum;
};

struct net {
    struct ns_common ns;
};

typedef struct {
    struct net *net;
} possible_net_t;

struct in6_addr {
    union {
        __u8 u6_addr8[16];
    } in6_u;
};

struct sock_common {
    __be32 skc_daddr;
    __be32 skc_rcv_saddr;
    __be16 skc_dport;
    __u16 skc_num;
    unsigned short skc_family;
    unsigned char skc_state;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
};

struct file;

struct socket {
    struct file *file;
    struct sock *sk;
    short type;
};

struct sock {
    struct sock_common __sk_common;
    struct socket *sk_socket;
    __u16 sk_type;
    __u16 sk_protocol;
    __u8 sk_shutdown;
};

struct tcp_sock {
    __u32 copied_seq;
    __u32 rcv_nxt;
    __u32 write_seq;
    __u64 bytes_received;
    __u64 bytes_acked;
};

struct sockaddr_un {
    unsigned short sun_family;
    char sun_path[108];
};

struct unix_address {
    struct sockaddr_un name[];
};

struct unix_sock {
    struct unix_address *addr;
    struct sock *peer;
};

typedef struct {
    int counter;
} atomic_t;

struct signal_struct {
    atomic_t live;
};

struct fdtable {
    unsigned int max_fds;
    struct file **fd;
};

struct files_struct {
    struct fdtable *fdt;
};

struct inode {
    unsigned short i_mode;
};

struct file {
    void *private_data;
    struct inode *f_inode;
};

#if defined(__TARGET_ARCH_x86)
struct thread_struct {
    unsigned long fsbase;
};
#endif

struct task_struct {
    int pid;
    int tgid;
    char comm[16];
    __u64 start_boottime;
    struct signal_struct *signal;
    struct task_struct *group_leader;
    struct files_struct *files;
#if defined(__TARGET_ARCH_x86)
    struct thread_struct thread;
#endif
};

struct linux_binprm {
    const char *filename;
};

struct iovec;

/* Where the bytes of a call are to come from or to go to, and how far it has got. */
struct iov_iter {
    __u8 iter_type;
    unsigned long iov_offset;
    unsigned long count;
    const struct iovec *__iov;
    void *ubuf;
    unsigned long nr_segs;
};

/* Before 5.14 the direction was the lowest bit of the type; before 6.4 the segments had another name. */
struct iov_iter___old {
    unsigned int type;
    const struct iovec *iov;
};

struct msghdr {
    struct iov_iter msg_iter;
};

struct seq_file;

struct bpf_iter_meta {
    struct seq_file *seq;
};

struct bpf_iter__bpf_sk_storage_map {
    struct bpf_iter_meta *meta;
    void *map;
    struct sock *sk;
    void *value;
};

struct bpf_iter__bpf_map_elem {
    struct bpf_iter_meta *meta;
    void *map;
    void *key;
    void *value;
};

struct bpf_iter__task_file {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
    __u32 fd;
    struct file *file;
};

struct pt_regs;

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
    unsigned long di;
    unsigned long si;
    unsigned long dx;
    unsigned long cx;
    unsigned long r10;
    unsigned long r8;
    unsigned long ax;
    unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
    __u64 regs[31];
};
struct pt_regs {
    __u64 regs[31];
    __u64 orig_x0;
    __s32 syscallno;
};
#else
#error "underspan knows the system-call registers of x86_64 and aarch64"
#endif

#pragma clang attribute pop

/* Values differ from kernel to kernel and are relocated; ITER_UBUF came with 6.0. */
enum iter_type {
    ITER_IOVEC,
    ITER_UBUF,
};

struct iovec {
    void *iov_base;
    unsigned long iov_len;
};

/* What sendmsg(2) and recvmsg(2) take, as the process lays it out. */
struct user_msghdr {
    void *msg_name;
    int msg_namelen;
    struct iovec *msg_iov;
    unsigned long msg_iovlen;
    void *msg_control;
    unsigned long msg_controllen;
    unsigned int msg_flags;
};

struct user_mmsghdr {
    struct user_msghdr msg_hdr;
    unsigned int msg_len;
};

#endif
