using System.ComponentModel.DataAnnotations;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Ownership;

/// <summary>How the gateway's replicas agree on who calls for which limit domain. Section <c>Llm</c>.</summary>
public sealed class OwnershipOptions
{
    public const string Section = LlmOptions.Section;

    /// <value>How often an owner says that it lives.</value>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan LeaseRenewal { get; set; } = TimeSpan.FromSeconds(2);

    /// <value>How long another replica hears nothing, on its own clock, before it takes over. At least two renewals.</value>
    [Range(typeof(TimeSpan), "00:00:00.2", "02:00:00")]
    public TimeSpan LeaseTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <value>How long after it was written down a call may start. A process that stood still for longer asks again whether it is still the owner.</value>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan LatestStart { get; set; } = TimeSpan.FromSeconds(2);

    /// <value>How long a stop waits for the calls in work; the next owner asks those that are cut off again.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan StopPatience { get; set; } = TimeSpan.FromSeconds(20);
}
