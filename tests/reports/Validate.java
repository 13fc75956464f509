// java -cp JARS Validate.java FILE...  prints one line for each way in which a file is not PDF/A-3a or not PDF/UA-1.
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

public class Validate {
  public static void main(String[] files) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    int checks = 0;
    for (String file : files)
      for (String name : new String[] {"3a", "ua1"}) {
        PDFAFlavour flavour = PDFAFlavour.fromString(name);
        try (InputStream in = new FileInputStream(file);
            PDFAParser parser = Foundries.defaultInstance().createParser(in, flavour);
            PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
          ValidationResult result = validator.validate(parser);
          checks += result.getTotalAssertions();
          TreeSet<String> faults = new TreeSet<>();
          for (TestAssertion each : result.getTestAssertions())
            if (each.getStatus() == TestAssertion.Status.FAILED)
              faults.add(each.getRuleId().getClause() + "-" + each.getRuleId().getTestNumber() + " " + each.getMessage());
          if (!result.isCompliant() && faults.isEmpty()) faults.add("not compliant");
          for (String fault : faults) System.out.println("FAULT " + file + " " + name + " " + fault);
        }
      }
    System.out.println("CHECKS " + checks);
  }
}
