import com.adobe.epubcheck.api.EpubCheck;
import com.adobe.epubcheck.util.DefaultReportImpl;
import java.io.File;

/** Runs EPUBCheck over several books in one virtual machine; any message is a fault. */
public class Check {
    public static void main(String[] books) {
        int faults = 0;
        for (String book : books) {
            DefaultReportImpl report = new DefaultReportImpl(book);
            report.initialize();
            new EpubCheck(new File(book), report).doValidate();
            int messages = report.getFatalErrorCount() + report.getErrorCount()
                + report.getWarningCount() + report.getUsageCount() + report.getInfoCount();
            System.out.println("EPUBCheck: " + new File(book).getName() + ", " + messages + " messages");
            faults += messages;
        }
        System.exit(faults == 0 ? 0 : 1);
    }
}
