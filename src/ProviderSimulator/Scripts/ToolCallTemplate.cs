namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>A tool call before its captures are filled in; exactly one of the two argument forms is set.</summary>
internal sealed record ToolCallTemplate(Template Tool, JsonTemplate? Arguments, Template? RawArguments)
{
    public AnswerToolCall Render(CaptureSet captures) =>
        new(Tool.Render(captures), Arguments?.Render(captures) ?? RawArguments?.Render(captures) ?? "{}");
}
