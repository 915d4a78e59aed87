/** How each kind of host evidence is recorded: one recipe for advice, help, messages and docs/host-evidence.md. */

/** Whole times, both addresses of each socket, and every call that is needed to count what was read. */
export const STRACE = 'strace -f -ttt -yy -s 0 -e trace=network,read,readv,write,writev,close,dup,dup2,dup3';
export const SOCKETS = 'ss -tanp';
export const JOURNAL = 'journalctl -o short-iso-precise';

const EVENTS = 'tcp/tcp_send_reset sock/inet_sock_set_state sched/sched_process_exit oom/mark_victim';

/** Lines of shell, as root: an instance of its own disturbs nobody, and the marker ties its clock to the capture's. */
export const KERNEL_BEGIN: readonly string[] = [
  't=/sys/kernel/tracing/instances/firsthand',
  'mkdir $t',
  `for e in ${EVENTS}; do echo 1 > $t/events/$e/enable; done`,
  'echo "firsthand-clock $(date +%s.%N)" > $t/trace_marker',
];
/** Once it has happened. */
export const KERNEL_END: readonly string[] = ['cat $t/trace > trace.txt', 'rmdir $t'];

/** strace of running processes into a file: `target` is a pid, several with commas, or a command that prints them. */
export function straceOf(target: string): string {
  return `${STRACE} -o strace.txt -p ${target}`;
}
