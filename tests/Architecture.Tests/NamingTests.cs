using System.Text.RegularExpressions;

namespace Pipeline.Architecture.Tests;

public sealed partial class NamingTests
{
    [Fact]
    public void No_file_folder_or_type_has_a_name_that_says_nothing()
    {
        var offenders = Repository.SourcesUnder("src").Concat(Repository.SourcesUnder("tests"))
            .Where(path => SaysNothing().IsMatch(Path.GetRelativePath(Repository.Root, path)))
            .ToList();
        Assert.True(offenders.Count == 0, "Names that say nothing: " + string.Join(", ", offenders));
    }

    [Fact]
    public void A_program_file_only_starts()
    {
        foreach (var program in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "Program.cs", SearchOption.AllDirectories))
        {
            Assert.True(File.ReadAllLines(program).Length <= 25, $"{program} has more than 25 lines: move what it does to the service's module.");
        }
    }

    [GeneratedRegex(@"(^|/)(\w*(Common|Utils|Util|Helpers|Helper|Manager|Misc)\w*|Base|Core)(/|\.cs$)")]
    private static partial Regex SaysNothing();
}
