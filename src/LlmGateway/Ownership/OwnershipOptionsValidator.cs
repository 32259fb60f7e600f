using Microsoft.Extensions.Options;

namespace Pipeline.LlmGateway.Ownership;

/// <summary>What the ranges alone cannot say.</summary>
internal sealed class OwnershipOptionsValidator : IValidateOptions<OwnershipOptions>
{
    public ValidateOptionsResult Validate(string? name, OwnershipOptions options)
    {
        var failures = new List<string>();
        if (options.LeaseTimeout < 2 * options.LeaseRenewal)
        {
            failures.Add($"Llm:LeaseTimeout is '{options.LeaseTimeout}', less than two renewals of '{options.LeaseRenewal}': a healthy owner would be taken for dead. Raise it, or lower Llm:LeaseRenewal.");
        }

        if (options.LatestStart >= options.LeaseTimeout)
        {
            failures.Add($"Llm:LatestStart is '{options.LatestStart}', not below Llm:LeaseTimeout '{options.LeaseTimeout}': a call of an old owner could start after another has taken over. Lower it.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
