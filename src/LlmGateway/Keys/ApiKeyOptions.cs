using System.ComponentModel.DataAnnotations;

namespace Pipeline.LlmGateway.Keys;

/// <summary>
/// One key of a limit domain. Section <c>Llm:Domains:&lt;domain&gt;:Keys:&lt;alias&gt;</c>; the alias is what logs, metrics and routes show.
/// A class, not a record: a record's ToString would print the key.
/// </summary>
public sealed class ApiKeyOptions
{
    /// <value>The key, or where it is: <c>file:/run/secrets/openai</c> (read again twice a second) or <c>env:NAME</c> (a variable, or a setting of that name).</value>
    public string? Value { get; set; }

    /// <value>Its share of the calls against those of the domain's other keys; 0 takes it out of use and leaves the calls in work alone.</value>
    [Range(0, 1000)]
    public int Weight { get; set; } = 1;
}
