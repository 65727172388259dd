using System.Diagnostics;
using System.Text.Json;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.TestKit;

namespace Ledger.Engine.Tests.Golden;

/// <summary>The real model, loaded once for the tests that share it; absent with the reference material.</summary>
public sealed class SmolLm2 : IDisposable
{
    private IModelEditor? editor;

    /// <summary>The folder that `models/unpack` prints, unpacking it once.</summary>
    public static string Folder
    {
        get
        {
            var unpack = Shared.RequireShared("models", "unpack");
            using var process = Process.Start(new ProcessStartInfo("bash", [unpack]) { RedirectStandardOutput = true })!;
            var path = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            process.ExitCode.ShouldBe(0);
            return path;
        }
    }

    public static JsonElement Json(string file) => GoldenTensors.Json(Shared.RequireGolden("smollm2", file));

    internal static GoldenTensors Tensors(string file) => new(Shared.RequireGolden("smollm2", file));

    public static ContextTemplates Templates => ContextTemplates.Given(Json("templates.json").GetProperty("templates").EnumerateArray().Select(t => t.GetString()!));

    /// <summary>The model at a layer, with the base's matrix installed.</summary>
    public IModelEditor At(int layer)
    {
        if (editor?.Matrix.Layer != layer)
        {
            editor?.Dispose();
            var library = new ModelLibrary("cpu");
            editor = library.Load(Folder, library.Address(Folder, layer), TestContext.Current.CancellationToken);
        }
        editor.Install(editor.BaseMatrix.Span);
        return editor;
    }

    internal static GoldenMoment Moment(int layer)
    {
        using var c = Tensors($"C_layer{layer}.safetensors");
        return new GoldenMoment(c.Floats("C"));
    }

    public void Dispose() => editor?.Dispose();
}
