import java.lang.management.ManagementFactory;

/** Allocates until garbage was collected as often as it is told, by a line of its input; answers how often that was. */
public class Churn {
    /** Some of what is allocated survives for a while, so that a collection has something to do. */
    private static final Object[] KEPT = new Object[200_000];

    public static void main(String[] arguments) throws Exception {
        var input = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));
        System.out.println("ready");
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            long wanted = collections() + Long.parseLong(line.strip());
            for (int next = 0; collections() < wanted;) {
                for (int index = 0; index < 1000; index++) {
                    KEPT[next] = new byte[100];
                    next = (next + 1) % KEPT.length;
                }
            }
            System.out.println(collections());
        }
    }

    private static long collections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream().mapToLong(bean -> bean.getCollectionCount()).sum();
    }
}
