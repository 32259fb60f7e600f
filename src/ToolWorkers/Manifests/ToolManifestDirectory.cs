using System.Text.Json;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>Reads a directory of tool manifests, one JSON file for each tool. Never stops at the first problem.</summary>
internal static class ToolManifestDirectory
{
    public const int MaxFiles = 1000;
    public const int MaxFileBytes = 256 * 1024;

    public static ToolManifestSet Read(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return new([], [$"Tools:Directory is '{directory}', which does not exist. Set Tools__Directory to the directory with the tool manifests."]);
        }

        var files = Directory.EnumerateFiles(directory, "*.json").Order(StringComparer.Ordinal).Take(MaxFiles + 1).ToList();
        if (files.Count == 0)
        {
            return new([], [$"Tools:Directory '{directory}' holds no *.json file. Add a manifest for each tool, or set Tools__Directory."]);
        }

        if (files.Count > MaxFiles)
        {
            return new([], [$"Tools:Directory '{directory}' holds more than {MaxFiles} *.json files. Is it the right directory?"]);
        }

        var manifests = new List<ToolManifest>();
        var problems = new List<string>();
        foreach (var file in files)
        {
            if (ReadFile(file, problems) is { } manifest)
            {
                manifests.Add(manifest);
            }
        }

        foreach (var same in manifests.GroupBy(x => x.Name).Where(x => x.Count() > 1))
        {
            problems.Add($"{string.Join(" and ", same.Select(x => x.File))}: $.name: the name '{same.Key}' is used more than once. Give each tool its own name.");
        }

        CheckStandIns(manifests, problems);
        return new(manifests, problems);
    }

    private static void CheckStandIns(List<ToolManifest> manifests, List<string> problems)
    {
        foreach (var manifest in manifests.Where(x => x.Fallback.Kind == ToolFallbackKind.Tool))
        {
            var other = manifests.FirstOrDefault(x => x.Name == manifest.Fallback.Tool);
            var problem = other switch
            {
                null => $"is '{manifest.Fallback.Tool}', which no manifest declares. Name a tool of this directory.",
                _ when other.Name == manifest.Name => "is the tool itself. Name another one.",
                { Fallback.Kind: ToolFallbackKind.Tool } => $"is '{other.Name}', whose own fallback is a tool. One stand-in is all there is: name a tool with another kind of fallback.",
                { Effects: ToolEffects.OnceOnly } => $"is '{other.Name}', which is OnceOnly. A fallback must be harmless: name a ReadOnly or Idempotent tool.",
                _ => null,
            };
            if (problem is not null)
            {
                problems.Add($"{manifest.File}: $.fallback.tool: {problem}");
            }
        }
    }

    private static ToolManifest? ReadFile(string file, List<string> problems)
    {
        try
        {
            var length = new FileInfo(file).Length;
            if (length > MaxFileBytes)
            {
                problems.Add($"{file}: is {length} bytes; a manifest may have {MaxFileBytes}. Shorten the description or the schema.");
                return null;
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return new ToolManifestReader(file, problems).Read(document.RootElement);
        }
        catch (JsonException e)
        {
            problems.Add($"{file}: is not valid JSON: {e.Message} Correct the file.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{file}: cannot be read: {e.Message} Make it readable for the service's user.");
        }

        return null;
    }
}
